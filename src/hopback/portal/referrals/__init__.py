"""Agencies: what they ask for, and what is addressed to them."""
