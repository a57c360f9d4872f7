"""Mail out and in, and signed webhooks: every message with its exact bytes and what became of it."""
