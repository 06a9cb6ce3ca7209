"""The pages in a real browser, on a service started as a newcomer starts it."""
