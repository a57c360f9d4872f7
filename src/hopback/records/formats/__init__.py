"""Formats of call records, two files each.

``<name>.toml`` names columns and nothing else: delimiter, quoting, the header that gives the format away, the
columns in order, the canonical column each feeds. ``<name>.py`` holds what a table of names cannot
say: record types, conditions, how times and durations are put together, which lines belong to the format.
"""
