"""Who the providers are and how they are reached."""
