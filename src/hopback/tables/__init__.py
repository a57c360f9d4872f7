"""How large tables are asked: engines, sessions and pieces of SQL. Knows nothing about calls."""
