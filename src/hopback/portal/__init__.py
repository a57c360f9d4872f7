"""The consortium's portal."""
