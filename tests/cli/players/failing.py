"""A process that ends at once, badly."""

import sys

if __name__ == "__main__":
    sys.exit(3)
