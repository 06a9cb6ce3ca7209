"""Launch days in small: people of each kind over HTTP, and the check of what they were told.

Knows HTTP on loopback and the command line, never the engine from inside: a check that shares code with
what it checks shares its mistakes.
"""
