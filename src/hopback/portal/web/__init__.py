"""The shell around every page, the homes and the worklists."""
