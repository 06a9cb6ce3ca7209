"""The command line: what starts and stops, what is printed, and how it ends."""
