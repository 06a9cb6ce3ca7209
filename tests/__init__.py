"""The tests. A package, so that fixtures' types are importable and file names may repeat between folders."""
