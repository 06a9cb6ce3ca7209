"""Manners kept by tests: directions between rooms, sizes, words, provenance."""
