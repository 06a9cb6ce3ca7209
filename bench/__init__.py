"""Figures by question: each case asserts its answer, has a stable name, and carries its circumstances."""
