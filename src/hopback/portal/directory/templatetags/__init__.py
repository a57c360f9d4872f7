"""Tags of the directory's own."""
