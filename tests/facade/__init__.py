"""Tests of the facade: decision tables, errors, properties, the bridge between event loop and engine."""
