"""Look a number up in a file of ported numbers that somebody keeps up to date (``HOPBACK_LOOKUP_FILE``).

For numbers by the thousand; a file for every number there is, is imported.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput, NotFound
from hopback.portal.directory.files.ports import PortRow, read_ports
from hopback.portal.directory.lookups import PortAnswer

if TYPE_CHECKING:
    from datetime import date

    from hopback.portal.config import Configuration

__all__ = ["look_up"]


def look_up(number: int, *, on: date, today: date, configuration: Configuration) -> PortAnswer | None:  # noqa: ARG001 -- the file keeps history
    """The row in force on the day."""
    path = configuration.lookup_file
    if path is None:
        raise BadInput("no file is named", where="HOPBACK_LOOKUP_FILE")
    try:
        changed = path.stat().st_mtime_ns
        rows = _rows(path, changed).get(number, ())
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(path)) from None
    standing = [row for row in rows if (row.valid_from or on) <= on <= (row.valid_to or on)]
    if not standing:
        return None
    row = max(standing, key=lambda one: (one.valid_from is not None, str(one.valid_from), one.line))
    return PortAnswer(
        number,
        on,
        f"lookup:csv {path.name}:{row.line}",
        row.lrn,
        row.spid,
        row.ocn,
        row.company,
        row.reseller,
        row.valid_from,
    )


@lru_cache(maxsize=2)
def _rows(path: Path, _changed: int) -> dict[int, list[PortRow]]:
    found: dict[int, list[PortRow]] = {}
    for row in read_ports(path.read_bytes(), where=str(path)).rows:
        found.setdefault(row.number, []).append(row)
    return found
