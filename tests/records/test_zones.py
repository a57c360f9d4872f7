"""Local time to UTC in SQL, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from hopback.records import zones
from hopback.tables.sessions import open_session

ZONES = (
    "America/Chicago",
    "America/Phoenix",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Europe/Berlin",
    "UTC",
    "Africa/Casablanca",
)


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_hour_around_every_change_is_read_as_the_standard_library_reads_it(zone: str) -> None:
    info = ZoneInfo(zone)
    locals_ = [datetime(2026, 7, 1, 12), datetime(2003, 1, 5)]  # noqa: DTZ001
    for change in zones.changes(zone)[1]:
        if change.at.year in {2007, 2026, 2027}:
            locals_ += [change.boundary + timedelta(minutes=15 * step) for step in range(-20, 20)]
    with open_session(threads=1) as session:
        session.show("times", pa.table({"i": range(len(locals_)), "t": pa.array(locals_, pa.timestamp("us"))}))
        rows = session.rows(
            f"SELECT epoch_us({zones.to_utc('t', zone=zone)}), epoch_us({zones.second_reading('t', zone=zone)}) FROM times ORDER BY i"  # noqa: S608
        )
    for local, (first, second) in zip(locals_, rows, strict=True):
        main = local.replace(tzinfo=info, fold=0).astimezone(UTC)
        other = local.replace(tzinfo=info, fold=1).astimezone(UTC)
        assert first == round(main.timestamp() * 1e6), local
        assert second == (round(other.timestamp() * 1e6) if other > main else None), local


def test_the_hour_that_chicago_repeats_in_2026_has_two_readings() -> None:
    change = next(one for one in zones.changes("America/Chicago")[1] if one.at.year == 2026 and one.repeated)
    assert change.at == datetime(2026, 11, 1, 7, tzinfo=UTC)
    assert change.repeated == (datetime(2026, 11, 1, 1), datetime(2026, 11, 1, 2))  # noqa: DTZ001
