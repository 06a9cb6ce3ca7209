"""The API, over the real stores: journeys of people, the gate, bad input, and what must never be said."""
