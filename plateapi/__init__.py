"""The thin layer that serves the engine: services, and a room for each kind of person."""
