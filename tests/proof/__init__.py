"""Promises as experiments: the oracle against the stores, launches, and what must be caught."""
