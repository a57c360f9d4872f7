"""What the law says: one folder per jurisdiction, with its dated and cited values and its clock.

A value of a rule is data: one dated line in ``<jurisdiction>/book.toml`` with its citation. Code here only computes.
A folder with a ``book.toml`` is a jurisdiction; nothing else has to be told about it.
"""
