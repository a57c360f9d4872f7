"""Candidates: proposed, vetted, declined."""
