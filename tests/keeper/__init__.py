"""The keeper: its guard by argument, its rounds over real servers."""
