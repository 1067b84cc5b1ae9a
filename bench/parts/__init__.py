"""A batch that is cut into parts: how much memory each takes, and whether every row is there once."""
