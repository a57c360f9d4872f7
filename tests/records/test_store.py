"""Finding calls in a store."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hopback.kernel.errors import BadInput
from hopback.records import store as store_module
from hopback.records.manifest import Manifest
from hopback.records.schema import Source, record_id
from hopback.records.store import Coverage, EpochShift, Store
from records import samples
from records.samples import CALLED, CALLING, FORWARDED

if TYPE_CHECKING:
    from pathlib import Path

    from records.workbench import Bench

SETUP = datetime(2026, 10, 29, 19, 22, 57, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _generic(bench: Bench, *rows: str, name: str = "core", file: str = "a.csv") -> None:
    bench.load(bench.write(file, "\n".join([samples.GENERIC_HEADER, *rows])), name=name, format="generic-csv")


@pytest.fixture(params=[store_module._SMALL, 0], ids=["held in memory", "read from disk"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_SMALL", request.param)


@pytest.mark.usefixtures("either")
def test_a_call_is_found_by_any_number_of_its_called_side_and_by_its_last_ten_digits(bench: Bench) -> None:
    bench.load(bench.write("y.csv", f"{samples.YETI_HEADER}\n{samples.yeti()}\n"), format="yeti-csv")
    _generic(bench, samples.generic(called="99912025550143"), name="edge")
    found = bench.store.find([CALLED], start=SETUP - HOUR, end=SETUP + HOUR)
    assert [record.source for record in found] == ["edge", "core"]
    assert [record.source for record in bench.store.find([FORWARDED], start=SETUP - HOUR, end=SETUP + HOUR)] == ["core"]
    assert bench.store.find([17025550199], start=SETUP - HOUR, end=SETUP + HOUR) == []
    assert bench.store.find([], start=SETUP - HOUR, end=SETUP + HOUR) == []


@pytest.mark.usefixtures("either")
def test_the_window_is_closed_and_sources_can_be_chosen(bench: Bench) -> None:
    _generic(bench, samples.generic())
    _generic(bench, samples.generic(), name="edge", file="b.csv")
    assert len(bench.store.find([CALLED], start=SETUP, end=SETUP)) == 2
    assert bench.store.find([CALLED], start=SETUP + timedelta(microseconds=1), end=SETUP + HOUR) == []
    assert [one.source for one in bench.store.find([CALLED], start=SETUP, end=SETUP, sources=["edge"])] == ["edge"]


@pytest.mark.usefixtures("either")
def test_a_call_is_found_by_its_caller_and_by_its_call_id(bench: Bench) -> None:
    bench.load(bench.write("y.csv", f"{samples.YETI_HEADER}\n{samples.yeti()}\n"), format="yeti-csv")
    assert len(bench.store.find_calling([CALLING], start=SETUP, end=SETUP + HOUR)) == 1
    assert len(bench.store.find_calling([13125550199], start=SETUP, end=SETUP + HOUR)) == 1
    assert bench.store.find_calling([CALLED], start=SETUP, end=SETUP + HOUR) == []
    assert len(bench.store.by_call_ids(["in@y"])) == len(bench.store.by_call_ids(["out@y", "x@y"])) == 1
    assert bench.store.by_call_ids(["o'brien@y"]) == bench.store.by_call_ids([]) == []


@pytest.mark.usefixtures("either")
def test_both_readings_of_the_repeated_hour_are_found(bench: Bench) -> None:
    bench.load(
        bench.write("f.csv", samples.freeswitch().replace("2026-10-29 14:", "2026-11-01 01:") + "\n"),
        format="freeswitch-csv",
    )
    first = datetime(2026, 11, 1, 6, 22, 57, tzinfo=UTC)
    for at in (first, first + HOUR):
        (record,) = bench.store.find([CALLED], start=at, end=at)
        assert (record.setup_at, record.setup_alt_at) == (first, first + HOUR)
    assert bench.store.find([CALLED], start=first + timedelta(minutes=30), end=first + timedelta(minutes=40)) == []


def test_a_record_says_where_it_stands_and_what_its_line_was(bench: Bench) -> None:
    _generic(bench, "", samples.generic())
    (record,) = bench.all()
    assert (record.file, record.line, record.raw) == ("a.csv", 3, samples.generic())
    assert record.record_id == record_id("core", samples.generic())
    assert record.extras == {}


@pytest.mark.usefixtures("either")
def test_coverage_names_the_hours_without_a_record(bench: Bench) -> None:
    _generic(
        bench,
        samples.generic(),
        samples.generic(at="2026-10-29T17:22:57-05:00"),
        samples.generic(at="2026-10-29T17:22:57-05:00"),
    )
    covered = bench.store.coverage(SETUP - 9 * HOUR, SETUP + 9 * HOUR)
    hour = datetime(2026, 10, 29, 20, tzinfo=UTC)
    assert covered == {"core": Coverage("core", "generic-csv", 1, 2, SETUP, SETUP + 3 * HOUR, 2, (hour, hour + HOUR))}
    assert bench.store.coverage(SETUP + 9 * HOUR, SETUP + 10 * HOUR)["core"].rows_in_window == 0


def test_epoch_shifts_show_a_wrong_zone_day_by_day(bench: Bench) -> None:
    epoch = int((SETUP + HOUR).timestamp())
    lines = [samples.asterisk(tail=(f'"{epoch}.{number}"',)) for number in range(3)]
    bench.load(bench.write("m.csv", "\n".join(lines)), format="asterisk-csv")
    assert bench.store.epoch_shifts() == [EpochShift("core", date(2026, 10, 29), -3600, 3)]


def test_the_end_is_the_latest_instant_any_source_speaks_of(bench: Bench) -> None:
    assert bench.store.end is None
    _generic(bench, samples.generic(duration="7200"))
    _generic(bench, samples.generic(), name="edge", file="b.csv")
    assert bench.store.end == SETUP + 2 * HOUR
    assert bench.store.sources() == ("core", "edge")


def test_a_store_sees_what_another_process_loaded_since(bench: Bench) -> None:
    _generic(bench, samples.generic())
    with Store.open(bench.store.folder) as reader:
        assert len(reader.find([CALLED], start=SETUP - HOUR, end=SETUP + HOUR)) == 1
        _generic(bench, samples.generic(), samples.generic(at="2026-10-29T14:30:00-05:00"))
        assert len(reader.find([CALLED], start=SETUP - HOUR, end=SETUP + HOUR)) == 2


def test_a_folder_that_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot hold a store"):
        Store.open(tmp_path / "file" / "store")
    (tmp_path / "manifest.sqlite").write_text("no database, but long enough to be looked at by SQLite as one" * 50)
    with pytest.raises(BadInput, match="no manifest"):
        Store.open(tmp_path)


def test_a_manifest_of_another_version_is_refused(tmp_path: Path) -> None:
    Manifest(tmp_path / "m.sqlite").close()
    with sqlite3.connect(tmp_path / "m.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(BadInput, match="version 99"):
        Manifest(tmp_path / "m.sqlite")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"time_zone": "America/Chikago"}, "not a time zone"),
        ({"encoding": "utf-9"}, "not an encoding"),
        ({"home_country": "XX"}, "number plan"),
        ({"area_code": "2a2"}, "area code"),
    ],
)
def test_a_source_that_cannot_be_is_refused_at_once(said: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Source("core", **said)  # type: ignore[arg-type]
