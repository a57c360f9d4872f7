"""One file for each engine that can hold and search large tables."""
