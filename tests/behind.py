"""What somebody who owns the database can do behind the application's back."""

from __future__ import annotations

import re

from django.db import connection

__all__ = ["tamper"]


def tamper(*statements: str) -> None:
    """Drop every guard of the database, then run the statements, written as SQLite reads them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
            for name, table in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}" ON {table}')
        for statement in statements:
            cursor.execute(statement if connection.vendor == "sqlite" else _for_postgresql(statement))


def _for_postgresql(statement: str) -> str:
    """JSON columns and bytes are written otherwise there."""
    said = re.sub(r"SET (data|body) = replace\((\w+), ", r"SET \1 = replace(\2::text, ", statement)
    if said != statement and not said.startswith("UPDATE audit_leaf"):
        said = re.sub(r"(replace\([^)]*\))", r"\1::jsonb", said)
    return said.replace("x'00'", r"'\x00'::bytea")
