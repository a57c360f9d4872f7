"""Template tags for what is said of tracebacks in letters."""
