"""Loading: nothing lost, nothing twice, whatever the files are like."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput, Conflict
from hopback.records.loading import load_files, load_source
from hopback.records.schema import Source
from hopback.records.store import Store
from records import samples
from records.samples import CALLED
from records.workbench import Bench

if TYPE_CHECKING:
    from hopback.records.loading import FileReport

START = datetime(2026, 10, 29, 12, tzinfo=UTC)


def _rows(count: int, *, first: int = 0) -> list[str]:
    moments = [START + timedelta(seconds=7 * number) for number in range(first, first + count)]
    return [
        samples.generic(at=at.isoformat(), called=f"202555{number:04d}", trunk=f"trunk-{number}")
        for number, at in enumerate(moments, first)
    ]


def _file(rows: list[str], *, header: str = samples.GENERIC_HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *rows]) + end).encode()


def _adds_up(report: FileReport) -> bool:
    return report.read == report.kept + report.duplicates + report.rejected + report.headers


def test_loading_again_adds_nothing(bench: Bench) -> None:
    path = bench.write("a.csv", _file(_rows(20)))
    assert bench.load(path).files[0].status == "loaded"
    again = bench.load(path)
    assert (again.files[0].status, again.files[0].kept) == ("unchanged", 20)
    os.utime(path, (1, 1))
    assert bench.load(path).files[0].status == "unchanged"
    assert len(bench.all()) == 20


def test_a_file_that_grew_takes_the_place_of_its_older_self(bench: Bench) -> None:
    bench.load(bench.write("a.csv", _file(_rows(5))), bench.write("b.csv", _file(_rows(5, first=50))))
    report = bench.load(bench.write("a.csv", _file(_rows(8))), bench.write("b.csv", _file(_rows(5, first=50))))
    assert [(one.status, one.kept, one.duplicates) for one in report.files] == [("replaced", 8, 0), ("unchanged", 5, 0)]
    assert len(bench.all()) == 13


def test_a_file_read_otherwise_is_read_again(bench: Bench) -> None:
    path = bench.write("a.csv", _file(["2026-10-29 14:00:00,3125550101,2025550143,t,1"]))
    bench.load(path, time_zone="America/Chicago")
    assert bench.load(path, time_zone="America/New_York").files[0].status == "replaced"
    (record,) = bench.all()
    assert record.setup_at == datetime(2026, 10, 29, 18, tzinfo=UTC)


def test_equal_lines_are_one_record_within_a_file_and_across_two_days(bench: Bench) -> None:
    rows = _rows(10)
    first = bench.load(bench.write("day-1.csv", _file([*rows, rows[0]])))
    second = bench.load(
        bench.write("day-1.csv", _file([*rows, rows[0]])),
        bench.write("day-2.csv", _file([rows[9], *_rows(3, first=10)])),
    )
    assert (first.total("kept"), first.total("duplicates")) == (10, 1)
    assert (second.files[1].kept, second.files[1].duplicates) == (3, 1)
    assert len(bench.all()) == 13


def test_equal_lines_of_two_sources_are_two_records(bench: Bench) -> None:
    bench.load(bench.write("a.csv", _file(_rows(1))), name="core")
    bench.load(bench.write("b.csv", _file(_rows(1))), name="edge")
    one, other = bench.all()
    assert one.record_id != other.record_id


def test_gzip_is_told_by_its_bytes_and_members_follow_each_other(bench: Bench) -> None:
    data = gzip.compress(_file(_rows(3))) + gzip.compress(_file(_rows(2, first=3))) + b"\0" * 100
    report = bench.load(bench.write("plain.csv", data))
    assert (report.total("kept"), report.total("headers"), report.files[0].broken) == (5, 2, "")


@pytest.mark.parametrize("damage", ["short", "noise"])
def test_damaged_gzip_keeps_the_rows_before_the_damage_and_says_so(damage: str, bench: Bench) -> None:
    packed = gzip.compress(_file(_rows(4000)))
    half = len(packed) // 2
    broken = packed[:half] if damage == "short" else packed[:half] + b"\xff" * 400 + packed[half + 400 :]
    (report,) = bench.load(bench.write("a.csv.gz", broken)).files
    assert "gzip data" in report.broken
    assert 1000 < report.kept < 4000
    assert _adds_up(report)


def test_a_line_that_the_break_cut_off_is_a_reject_of_its_own(bench: Bench) -> None:
    rows = _rows(2000)
    (report,) = bench.load(bench.write("a.csv.gz", gzip.compress(_file(rows))[:-2000])).files
    assert report.reasons == {"cut_off": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_no_row_is_lost_over_an_accent(encoding: str, bench: Bench) -> None:
    rows = [samples.generic(trunk="Peña-Ørsted"), *_rows(4)]
    text = "\r\n".join([samples.GENERIC_HEADER, *rows]) + "\r\n"
    report = bench.load(bench.write("a.csv", text.encode(encoding)))
    assert report.total("kept") == 5
    assert "Peña-Ørsted" in {record.ingress_trunk for record in bench.all()}


def test_lines_of_two_encodings_in_one_file_are_both_read(bench: Bench) -> None:
    data = (
        _file(_rows(2))
        + samples.generic(trunk="Peña", called="2025550777").encode()
        + b"\n"
        + samples.generic(trunk="Núñez").encode("latin-1")
        + b"\n"
    )
    (report,) = bench.load(bench.write("a.csv", data)).files
    assert report.encoding == "utf-8 and windows-1252"
    assert {"Peña", "Núñez"} <= {record.ingress_trunk for record in bench.all()}


def test_the_books_encoding_is_followed(bench: Bench) -> None:
    bench.load(
        bench.write("a.csv", _file([]) + samples.generic(trunk="Łódź").encode("iso-8859-2") + b"\n"),
        encoding="iso-8859-2",
    )
    assert bench.all()[0].ingress_trunk == "Łódź"


def test_an_open_quote_takes_no_other_line_with_it(bench: Bench) -> None:
    lines = [
        samples.freeswitch(called="2025550101"),
        '"Bell, "3125550101","20',
        samples.freeswitch(called="2025550102"),
        samples.freeswitch(called="2025550103")[:60],
    ]
    (report,) = bench.load(bench.write("a.csv", "\n".join(lines)), format="freeswitch-csv").files
    assert (report.kept, report.reasons) == (2, {"broken_quotes": 1, "wrong_column_count": 1}) or report.reasons == {
        "broken_quotes": 2
    }
    assert {record.called["called_ruri"] for record in bench.all()} == {12025550101, 12025550102}


def test_every_reject_has_its_reason_and_stands_in_the_reject_file(bench: Bench) -> None:
    bad = {
        "-- log rotated --": "wrong_column_count",
        "2026-10-29T14:22:57-05:00,3125550101": "wrong_column_count",
        "yesterday,3125550101,2025550143,t,1": "unreadable_time",
        "2026-10-29T14:22:57-05:00,3125550101,,t,1": "no_called_number",
        "2026-10-29T14:22:57-05:00,3125550101,anonymous,t,1": "no_called_number",
    }
    (report,) = bench.load(
        bench.write("a.csv", _file([*_rows(3), *bad]) + b"\x00\x01\x02 disk sector unreadable\n")
    ).files
    assert report.reasons == {"wrong_column_count": 3, "unreadable_time": 1, "no_called_number": 2}
    assert report.kept == 3
    assert _adds_up(report)
    assert report.reject_file
    sheet = Path(report.reject_file).read_text(encoding="utf-8")
    for line, reason in bad.items():
        assert reason in sheet
        assert line.split(",")[0] in sheet
    assert "disk sector unreadable" in sheet


@pytest.mark.parametrize("content", [b"", b"\n\n", _file([])])
def test_empty_and_header_only_files_are_fine(content: bytes, bench: Bench) -> None:
    bench.load(bench.write("a.csv", _file(_rows(2))), bench.write("b.csv", content), format="auto")
    assert len(bench.all()) == 2
    assert len(bench.store.files()) == 2


def test_a_source_of_empty_files_alone_is_no_error(bench: Bench) -> None:
    (report,) = bench.load(bench.write("a.csv", b""), format="auto").files
    assert (report.format, report.read) == ("auto", 0)
    assert bench.store.find([CALLED], start=START, end=START) == []


def test_a_headed_file_that_lost_its_header_is_read_in_the_usual_order(bench: Bench) -> None:
    (report,) = bench.load(bench.write("a.csv", samples.yeti() + "\n"), format="yeti-csv").files
    assert (report.kept, report.headers) == (1, 0)


def test_a_file_of_unknown_lines_is_refused_with_its_name(bench: Bench) -> None:
    with pytest.raises(BadInput, match=r"strange\.csv.*no known format.*name the format in the book"):
        bench.load(bench.write("strange.csv", "a,b,c\n1,2,3\n"), format="auto")


def test_a_file_of_rubbish_beside_good_ones_is_rejected_line_by_line(bench: Bench) -> None:
    report = bench.load(
        bench.write("a.csv", _file(_rows(3))),
        bench.write("b.csv", b"\x00\x01\x02 disk sector 1\nunreadable\n"),
        format="auto",
    )
    assert [(one.kept, one.rejected) for one in report.files] == [(3, 0), (0, 2)]


def test_a_pattern_without_a_file_is_refused_and_a_good_one_names_files_from_the_book(bench: Bench) -> None:
    source = Source("core", "generic-csv")
    with pytest.raises(BadInput, match="no file matches"):
        load_source(bench.store, source, folder=bench.folder, pattern="cdr/*.csv")
    (bench.folder / "cdr").mkdir()
    bench.write("cdr/x.csv", _file(_rows(1)))
    assert load_source(bench.store, source, folder=bench.folder, pattern="cdr/*.csv").files[0].path == "cdr/x.csv"


def test_a_file_of_which_nothing_can_be_used_costs_no_other_and_is_tried_again(bench: Bench) -> None:
    good = bench.write("b.csv", _file(_rows(3)))
    strange = bench.write("a.csv", "when,who,to,via,len\n2026-11-02T10:20:04-06:00,1,2,in,4\n")
    for status in ("loaded", "unchanged"):
        report = bench.load(strange, good, format="generic-csv")
        refused, loaded = report.files
        assert (refused.status, refused.kept) == ("refused", 0)
        assert "[sources.columns]" in refused.broken
        assert (loaded.status, loaded.kept) == (status, 3)


def test_only_one_process_loads_at_a_time(bench: Bench) -> None:
    import fcntl  # noqa: PLC0415

    path = bench.write("a.csv", _file(_rows(1)))
    with (bench.store.folder / "loading.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="another process"):
            bench.load(path)


def test_a_file_larger_than_a_landing_is_streamed_and_counts_once_it_is_whole(bench: Bench) -> None:
    rows = _rows(5000)
    path = bench.write("a.csv", _file([*rows, rows[10], rows[4990], "rubbish"]))
    report = load_files(bench.store, Source("core", "generic-csv"), [path], folder=bench.folder, block=1024)
    assert (report.total("kept"), report.total("duplicates"), report.total("rejected")) == (5000, 2, 1)
    assert len(list(bench.store.calls.iterdir())) > 3
    assert [record.line for record in bench.all()] == [*range(2, 5002)]


def test_lines_out_of_order_are_landed_in_order(bench: Bench) -> None:
    bench.load(bench.write("a.csv", _file(_rows(3000)[::-1])))
    setups = [record.setup_at for record in bench.all()]
    assert setups == sorted(setups)
    (landing,) = bench.store.manifest.landings()
    with __import__("hopback.tables.sessions", fromlist=["open_session"]).open_session(threads=1) as session:
        rows = session.rows(f"SELECT setup_at FROM read_parquet('{bench.store.calls / landing.name}')")  # noqa: S608
    assert rows == sorted(rows)


_CHILD = """
import sys
from pathlib import Path
from hopback.records.loading import load_files
from hopback.records.schema import Source
from hopback.records.store import Store
folder = Path(sys.argv[1])
with Store.open(folder / "store") as store:
    print("ready", flush=True)
    load_files(store, Source("core", "generic-csv"), sorted(folder.glob("*.csv")), folder=folder, block=8192)
"""


@pytest.mark.parametrize("after_s", [0.02, 0.15, 0.4])
def test_a_store_opens_after_kill_9_and_loading_goes_on(after_s: float, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.csv").write_bytes(_file(_rows(4000, first=4000 * number)))
    with subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(after_s)
        child.send_signal(signal.SIGKILL)
    with Store.open(tmp_path / "store") as store:
        whole = [entry.kept for entry in store.files()]
        assert set(whole) <= {4000}
        report = load_files(store, Source("core", "generic-csv"), sorted(tmp_path.glob("*.csv")), folder=tmp_path)
        assert report.total("kept") == 16000
        found = store.find([12025550007, 12025550000 + 9999], start=START, end=START + timedelta(days=3))
        assert [record.ingress_trunk for record in found] == ["trunk-7", "trunk-9999"]
        assert {path.name for path in store.calls.iterdir()} == {landing.name for landing in store.manifest.landings()}


GOOD = st.integers(0, 9999).map(lambda number: ("good", _rows(1, first=number)[0]))
RUBBISH = st.sampled_from(
    [
        "-- log rotated --",
        "\x01\x02 disk sector unreadable",
        '"',
        '"a,b',
        "2026-10-29T1",
        ",,,,",
        ";;;;",
        "é",
        '1,2,"3",4',
        "a,b,c,d,e,f,g",
    ]
).map(lambda line: ("bad", line))


@settings(max_examples=25, deadline=None)
@given(
    lines=st.lists(st.one_of(GOOD, GOOD, RUBBISH), max_size=30),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
)
def test_any_mix_of_good_lines_and_rubbish_keeps_every_good_line_and_the_counts_add_up(
    lines: list[tuple[str, str]], end: str, encoding: str
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        bench = Bench(folder)
        text = end.join([samples.GENERIC_HEADER, *(line for _, line in lines)]) + end
        path = folder / "a.csv"
        path.write_bytes(text.encode(encoding))
        (report,) = bench.load(path, format="generic-csv").files
        good = {line for kind, line in lines if kind == "good"}
        assert {record.raw for record in bench.all()} == good
        assert report.kept == len(good)
        assert report.rejected == sum(kind == "bad" for kind, _ in lines)
        assert report.read == 1 + len(lines)
        assert _adds_up(report)
        bench.store.close()
    finally:
        shutil.rmtree(folder)
