"""Runs upstream from a call sample, hop by hop."""
