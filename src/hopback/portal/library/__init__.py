"""Announcements and documents, and who has read them."""
