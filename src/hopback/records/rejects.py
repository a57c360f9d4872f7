"""Lines that could not be used, looked at again before anybody says that a call is not there."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["rejected_mentions"]

_LINE_DIGITS = 10


def rejected_mentions(folder: Path, number: int) -> int:
    """How many rejected lines in ``folder`` show the last ten digits of ``number``, however they are set apart."""
    wanted = str(number)[-_LINE_DIGITS:]
    count = 0
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                count += wanted in re.sub(r"[\s().+-]", "", row.get("raw") or "")
    return count
