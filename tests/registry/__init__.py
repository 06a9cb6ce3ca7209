"""The registry of issued marks: reading, importing, making one up."""
