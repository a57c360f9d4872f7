"""Who comes in: people, organisations, keys."""
