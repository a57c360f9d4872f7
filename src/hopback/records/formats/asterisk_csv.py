"""Asterisk's Master.csv with 16 to 21 columns, and the order of the cdr_custom sample.

Both have no header. The order is told by where the times and the disposition stand. After ``amaflags`` come up to three
optional blocks (``loguniqueid``, ``loguserfield``, ``newcdrcolumns``); what a single column there is, its content says.
The ingress trunk is the account code or, where a switch leaves that empty, the endpoint in the channel's
name (``PJSIP/acme-in-0000002a``); the egress trunk is the endpoint in the destination channel's. A ``uniqueid``
begins with the epoch second at which the channel was made, which is a clock that no time zone can spoil.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hopback.records.formats.layout import Layout, Utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]

_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
_UNIQUE: Final = re.compile(r"^(?:.+-)?\d{9,10}\.\d+$")
_DISPOSITIONS: Final = frozenset({"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"})
_MASTER: Final = 16
_CUSTOM: Final = 19
_FULL: Final = 21
_NEW: Final = ("peeraccount", "linkedid", "sequence")
_ENDPOINT: Final = r"^[^/]+/(?:.*@)?(.+?)(?:-[0-9A-Fa-f]+(?:;[0-9]+)?)?$"


def fits(fields: Sequence[str]) -> bool:
    """Whether a line has times and a disposition where one of the two orders has them."""
    return _is_master(fields) or _is_custom(fields)


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The order the sample shows, for every count of columns it may have."""
    if any(_is_custom(fields) for fields in sample) and not any(_is_master(fields) for fields in sample):
        return (Layout(dialect.layouts["custom"], _CUSTOM, _FULL),)
    master = dialect.layouts["master"]
    lone = [fields[_MASTER] for fields in sample if len(fields) == _MASTER + 1]
    has_user_field = bool(lone) and not any(_UNIQUE.match(value) for value in lone)
    tails = {
        0: (),
        1: ("userfield",) if has_user_field else ("uniqueid",),
        2: ("uniqueid", "userfield"),
        3: _NEW,
        4: ("userfield" if has_user_field else "uniqueid", *_NEW),
        5: ("uniqueid", "userfield", *_NEW),
    }
    return tuple(Layout((*master, *tail), _MASTER + more, _MASTER + more) for more, tail in tails.items())


def derive(fields: Fields) -> dict[str, Value]:
    """Trunks from account code and channels, seconds from ``billsec``, the second clock from ``uniqueid``."""

    def endpoint(column: str) -> str:
        return f"nullif(regexp_extract({fields[column]}, '{_ENDPOINT}', 1), '')"

    epoch = rf"TRY_CAST(regexp_extract({fields['uniqueid']}, '(\d{{9,10}})\.\d+$', 1) AS BIGINT)"
    said: dict[str, Value] = {
        "ingress_trunk": f"coalesce({fields['accountcode']}, {endpoint('channel')})",
        "egress_trunk": endpoint("dstchannel"),
        "duration_ms": fields.seconds(fields["billsec"]),
        "answered": f"({fields['disposition']} = 'ANSWERED')",
    }
    if "uniqueid" in fields:
        said["epoch_at"] = Utc(f"make_timestamp({epoch} * 1000000)")
    return said


def _is_master(fields: Sequence[str]) -> bool:
    return len(fields) >= _MASTER and bool(_STAMP.match(fields[9])) and fields[14] in _DISPOSITIONS


def _is_custom(fields: Sequence[str]) -> bool:
    return len(fields) >= _CUSTOM and bool(_STAMP.match(fields[8])) and fields[13] in _DISPOSITIONS
