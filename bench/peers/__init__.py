"""What the engine is measured against: written honestly and well, as a good engineer would without it."""
