"""Triggers by which the database itself refuses to change or delete what is written once.

They stop a mistake and a careless hand. Whoever owns the database can drop them; that such a change
is *found* is the log's work.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

__all__ = ["append_only"]


def append_only(table: str, *, fixed: Sequence[str], set_once: Sequence[str] = ()) -> migrations.RunPython:
    """A migration step that guards ``table``.

    ``fixed`` names the columns that never change; ``set_once`` those that may go from NULL to a value.
    """
    return migrations.RunPython(
        partial(_guard, table=table, fixed=tuple(fixed), set_once=tuple(set_once)),
        partial(_unguard, table=table),
    )


def _guard(
    _apps: Apps,
    editor: BaseDatabaseSchemaEditor,
    *,
    table: str,
    fixed: tuple[str, ...],
    set_once: tuple[str, ...],
) -> None:
    differs = "IS NOT" if editor.connection.vendor == "sqlite" else "IS DISTINCT FROM"
    changed = " OR ".join(
        [f'NEW."{column}" {differs} OLD."{column}"' for column in fixed]
        + [f'(OLD."{column}" IS NOT NULL AND NEW."{column}" {differs} OLD."{column}")' for column in set_once]
    )
    if editor.connection.vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, 'a row of {table} is written once'); END"
        editor.execute(f'CREATE TRIGGER "{table}_kept" BEFORE DELETE ON "{table}" {refuse}')
        editor.execute(f'CREATE TRIGGER "{table}_fixed" BEFORE UPDATE ON "{table}" WHEN {changed} {refuse}')
    elif editor.connection.vendor == "postgresql":
        editor.execute(
            f"""CREATE FUNCTION "{table}_refuse"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'a row of {table} is written once'; END $$"""
        )
        for name, when in (
            ("kept", f'BEFORE DELETE ON "{table}" FOR EACH ROW'),
            ("fixed", f'BEFORE UPDATE ON "{table}" FOR EACH ROW WHEN ({changed})'),
            ("whole", f'BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT'),
        ):
            editor.execute(f'CREATE TRIGGER "{table}_{name}" {when} EXECUTE FUNCTION "{table}_refuse"()')


def _unguard(_apps: Apps, editor: BaseDatabaseSchemaEditor, *, table: str) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(f'DROP TRIGGER "{table}_kept"')
        editor.execute(f'DROP TRIGGER "{table}_fixed"')
    elif editor.connection.vendor == "postgresql":
        editor.execute(f'DROP FUNCTION "{table}_refuse"() CASCADE')
