"""The facade of the engine: what Python may know of the Rust core."""
