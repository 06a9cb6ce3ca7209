"""The embedded store: one server a directory, whatever happens to those who start it."""
