"""What organisations say to each other: versioned pydantic models, the same for portal and kits."""
