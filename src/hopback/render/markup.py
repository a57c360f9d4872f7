"""The frame of a page and the one way text gets into it: escaped, and without characters that steer or break a line."""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Final

__all__ = ["counted", "page", "safe_name", "shown", "table", "told_span", "utc"]

_POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'"
_HARMLESS: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


def shown(text: str) -> str:
    """``text`` for HTML and SVG: markup is escaped; controls, bidirectional overrides and the like become spaces."""
    return escape("".join(char if char.isprintable() or char == "\n" else " " for char in text))


def page(title: str, body: str, *, css: str) -> str:
    """A whole document that runs nothing and asks for nothing but its style sheet."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<title>{shown(title)} · Hopback</title>\n<link rel="stylesheet" href="{shown(css)}">\n</head>\n<body>\n'
        f"{body}\n</body>\n</html>\n"
    )


def table(headers: tuple[str, ...], rows: list[str], *, kind: str, caption: str) -> str:
    """A table with a header for each column. ``rows`` are markup; ``caption`` is read out, not shown.

    A narrow screen scrolls it sideways, so that without links in it it takes the keyboard's focus itself.
    """
    heads = "".join(f'<th scope="col">{shown(header)}</th>' for header in headers)
    lines = "\n".join(rows)
    body = f"<caption>{shown(caption)}</caption><thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}"
    focus = "" if any("<a " in row for row in rows) else f' role="region" tabindex="0" aria-label="{shown(caption)}"'
    return f'<div class="wide"{focus}><table class="{kind}">{body}\n</tbody></table></div>'


def safe_name(call_id: str) -> str:
    """A file name for a call id that came from outside, different for each id.

    An id that is harmless as a file name stays as it is. Any other is marked by ``~`` and a digest; no
    harmless id has that sign, so that none can be made to take another's place.
    """
    if _HARMLESS.fullmatch(call_id):
        return call_id
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", call_id).strip("-")[:40]
    return f"{readable or 'call'}~{hashlib.sha256(call_id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def counted(number: int, noun: str) -> str:
    """``1 call``, ``2 calls``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def utc(stamp: str) -> str:
    """An ISO 8601 stamp in UTC, as it stands in ``results.json``, to the second for a reader."""
    return f"{stamp[:10]} {stamp[11:19]} UTC"


def told_span(seconds: float) -> str:
    """How far a clock is off in words: positive ``seconds`` are ahead, negative behind."""
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{value} {unit}" for value, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if value]
    return f"{' '.join(parts) or 'under 1 s'} {'ahead' if seconds > 0 else 'behind'}"
