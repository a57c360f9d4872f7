"""A case folder run end to end: a portal on a fresh database, every provider's kit a process of its own."""
