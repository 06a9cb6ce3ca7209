"""The law as data, seen from outside the engine."""
