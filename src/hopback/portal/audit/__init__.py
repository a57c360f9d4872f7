"""What was done, by whom and why, in a log that cannot be quietly changed."""
