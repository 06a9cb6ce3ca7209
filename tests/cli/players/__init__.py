"""Processes for tests of what starts, watches and stops processes."""
