"""Template tags that every app's pages load."""
