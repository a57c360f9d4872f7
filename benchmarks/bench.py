"""``make bench``: each operation beside its floor, measured in one run.

The rows are made here, of ``BENCH_ROWS`` calls (default two million; a thousand million is a supported value: rows are
written to disk in chunks as they are made). A floor is the least any program could do for the same result on this
machine: for loading, DuckDB's own reader taking every column of the same bytes into a table. A ratio of 0.25 means a
quarter of the floor's speed. Slowness is printed, never an error.
"""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hopback.records.loading import load_files
from hopback.records.schema import Source
from hopback.records.store import Store
from hopback.tables import sql
from hopback.tables.sessions import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopback.tables.engines.duckdb import DuckDB

ROWS: Final = int(os.environ.get("BENCH_ROWS", "2_000_000"))
CHUNK: Final = 100_000
CALLS_A_SECOND: Final = 1_160
"""A national day of a hundred million calls."""
START: Final = datetime(2026, 10, 27, tzinfo=UTC)
OTHER_FORMATS_MOST: Final = 100_000
FINDS: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    operation: str
    count: int
    seconds: float
    unit: str
    floor: str = ""
    floor_seconds: float = 0.0

    def __str__(self) -> str:
        """The line as printed, with the peak of memory up to now."""
        rate = f"{self.count / self.seconds:,.0f} {self.unit}/s"
        ratio = f"{self.floor_seconds / self.seconds:.2f}" if self.floor_seconds else ""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        return f"{self.operation:<40} {rate:>22} {ratio:>7}  {self.floor:<44} {peak:>6.2f}"


@dataclass(frozen=True, slots=True)
class Calls:
    """A chunk of made-up calls: columns of equal length."""

    at: list[datetime]
    calling: list[int]
    called: list[int]
    trunk: list[int]
    duration: list[int]


def calls(rows: int) -> Iterator[Calls]:
    """Made-up calls in the order of time, always the same ones."""
    chance = np.random.default_rng(20_261_027)
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        answered = chance.random(count) < 0.4
        yield Calls(
            at=[START + timedelta(seconds=number // CALLS_A_SECOND) for number in range(first, first + count)],
            calling=_numbers(chance, count),
            called=_numbers(chance, count),
            trunk=chance.integers(0, 60, count).tolist(),
            duration=np.where(answered, chance.integers(1, 900, count), 0).tolist(),
        )


def _numbers(chance: np.random.Generator, count: int) -> list[int]:
    area, exchange, line = (chance.integers(low, high, count) for low, high in ((200, 999), (200, 999), (0, 10_000)))
    made: list[int] = (area * 10_000_000 + exchange * 10_000 + line).tolist()
    return made


def generic(chunk: Calls) -> str:
    """A chunk in the plain form, one number in three spelt in each of three ways."""
    prefixes = ("+1", "1", "")
    return "".join(
        f"{at.isoformat()},{prefixes[number % 3]}{calling},{prefixes[called % 3]}{called},trunk-{trunk},{duration}\n"
        for number, (at, calling, called, trunk, duration) in enumerate(_each(chunk))
    )


def asterisk(chunk: Calls) -> str:
    """A chunk as Asterisk writes it."""
    return "".join(
        f'"trunk-{trunk}","{calling}","{called}","from-trunk","""X"" <{calling}>","PJSIP/in-0000002a",'
        f'"PJSIP/out-0000002b","Dial","PJSIP/{called}@out,60","{_local(at)}",{_local(at) if duration else ""},'
        f'"{_local(at)}",{duration},{duration},"{"ANSWERED" if duration else "BUSY"}","DOCUMENTATION"\n'
        for at, calling, called, trunk, duration in _each(chunk)
    )


def freeswitch(chunk: Calls) -> str:
    """A chunk as FreeSWITCH writes it."""
    return "".join(
        f'"","{calling}","{called}","public","{_local(at)}","{_local(at) if duration else ""}","{_local(at)}",'
        f'"{duration}","{duration}","NORMAL_CLEARING","{calling}-{called}","","{trunk}","PCMU","PCMU"\n'
        for at, calling, called, trunk, duration in _each(chunk)
    )


def sansay(chunk: Calls) -> str:
    """A chunk as a Sansay VSX writes it."""
    empty = ";" * 13
    return "".join(
        f"1;1.9.1;R;0;{calling}-{called};01;{_c_style(at)};{_c_style(at) if duration else 'NA'};{_c_style(at)};300;"
        f"Normal;16;O;{trunk};SIP;{calling};192.0.2.1;{called};192.0.2.2;{calling}@x{empty}9001;SIP;{calling};"
        f"192.0.2.3;{called};192.0.2.4;{called}@x{empty}F;{called};{duration};1200;4;{duration * 1000};0;{calling}\n"
        for at, calling, called, trunk, duration in _each(chunk)
    )


def yeti(chunk: Calls) -> str:
    """A chunk as Yeti exports it."""
    return "".join(
        f"1,7,8,{trunk},{trunk + 1},{at:%Y-%m-%d %H:%M:%S}.125000-04,,{at:%Y-%m-%d %H:%M:%S}.500000-04,{duration},"
        f"{'t' if duration else 'f'},{calling},{calling},{called},{called},192.0.2.1,192.0.2.1,192.0.2.2,{calling}@x,"
        f"{called}@x,1,t,200,OK,200,,,{calling},,1.2,{calling}{called}\n"
        for at, calling, called, trunk, duration in _each(chunk)
    )


def _local(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _c_style(at: datetime) -> str:
    return f"{at:%a %b %d %H:%M:%S %Y}"


def _each(chunk: Calls) -> Iterator[tuple[datetime, int, int, int, int]]:
    return zip(chunk.at, chunk.calling, chunk.called, chunk.trunk, chunk.duration, strict=True)


YETI_HEADER: Final = (
    "id,customer_id,vendor_id,orig_gw_id,term_gw_id,time_start,time_connect,time_end,duration,success,src_prefix_in,src_prefix_out,"
    "dst_prefix_in,dst_prefix_out,sign_orig_ip,auth_orig_ip,sign_term_ip,orig_call_id,term_call_id,routing_attempt,is_last_cdr,"
    "lega_disconnect_code,lega_disconnect_reason,legb_disconnect_code,diversion_in,diversion_out,pai_in,lrn,pdd,uuid\n"
)
OTHERS: Final[dict[str, tuple[str, Callable[[Calls], str]]]] = {
    "asterisk-csv": ("", asterisk),
    "freeswitch-csv": ("", freeswitch),
    "sansay-csv": ("", sansay),
    "yeti-csv": (YETI_HEADER, yeti),
}
GENERIC_HEADER: Final = "start_time,calling,called,trunk,duration\n"


def write(path: Path, rows: int, *, header: str, form: Callable[[Calls], str]) -> int:
    """Write rows as they are made; the size in bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        for chunk in calls(rows):
            file.write(form(chunk))
    return path.stat().st_size


def timed(work: Callable[[], object]) -> float:
    """How long it took, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def floor(session: DuckDB, path: Path, *, has_header: bool) -> float:
    """DuckDB's own reader, every column of the file into a table; the better of two runs."""
    options = f"header = {str(has_header).lower()}"
    question = f"CREATE OR REPLACE TEMP TABLE floor AS SELECT * FROM read_csv({sql.text(str(path))}, {options})"  # noqa: S608
    return min(timed(lambda: session.run(question)) for _ in range(2))


def load(folder: Path, path: Path, name: str) -> tuple[float, int]:
    """Load a file into a fresh store: seconds, and the rows kept."""
    shutil.rmtree(folder, ignore_errors=True)
    kept = 0

    def work() -> None:
        nonlocal kept
        with Store.open(folder) as store:
            report = load_files(store, Source("bench", name, "America/New_York"), [path])
            kept = report.total("kept") + report.total("duplicates")

    return timed(work), kept


def bench_loading(folder: Path) -> Iterator[Line]:
    """Loading, plain and gzip'd, in our own form and in others'."""
    path = folder / "generic.csv"
    size = write(path, ROWS, header=GENERIC_HEADER, form=generic)
    reader = "read_csv of the same bytes, all columns"
    with open_session(threads=os.cpu_count(), spill=folder / "spill") as session:
        least = floor(session, path, has_header=True)
    yield Line(f"floor: {reader}", ROWS, least, "rows")
    seconds, kept = load(folder / "store", path, "generic-csv")
    assert kept == ROWS, f"{kept} of {ROWS} rows"
    yield Line(f"load generic-csv ({size / ROWS:.0f} bytes a row)", ROWS, seconds, "rows", reader, least)
    stored = sum(part.stat().st_size for part in (folder / "store" / "calls").iterdir())
    yield Line(f"  … {stored / ROWS:.1f} bytes a row stored", ROWS, seconds, "rows")
    rows = min(ROWS, OTHER_FORMATS_MOST)
    packed = folder / "generic.csv.gz"
    with gzip.open(packed, "wt", compresslevel=1, encoding="utf-8") as file:
        file.write(GENERIC_HEADER)
        for chunk in calls(rows):
            file.write(generic(chunk))
    with open_session(threads=os.cpu_count(), spill=folder / "spill") as session:
        least = floor(session, packed, has_header=True)
    seconds, _ = load(folder / "other", packed, "generic-csv")
    yield Line("load generic-csv, gzip'd", rows, seconds, "rows", reader, least)
    for name, (header, form) in OTHERS.items():
        other = folder / f"{name}.csv"
        write(other, rows, header=header, form=form)
        with open_session(threads=os.cpu_count(), spill=folder / "spill") as session:
            least = floor(session, other, has_header=bool(header))
        seconds, kept = load(folder / "other", other, name)
        assert kept == rows, f"{name}: {kept} of {rows} rows"
        yield Line(f"load {name}", rows, seconds, "rows", reader, least)


def bench_finding(folder: Path) -> Iterator[Line]:
    """Finding one call within five minutes, by the called number."""
    sample = next(calls(min(ROWS, CHUNK)))
    step = max(1, len(sample.at) // FINDS)
    sought = list(zip(sample.called[::step], sample.at[::step], strict=True))
    window = timedelta(minutes=5)
    with Store.open(folder / "store") as store:
        store.find([1], start=START, end=START)
        found = 0

        def work() -> None:
            nonlocal found
            for called, at in sought:
                found += len(store.find([10**10 + called], start=at - window, end=at + window))

        seconds = timed(work)
        assert found >= len(sought), f"{found} found of {len(sought)}"
        files = [str(store.calls / landing.name) for landing in store.manifest.landings()[:1]]
    with open_session(threads=os.cpu_count(), spill=folder / "spill") as session:
        question = f"SELECT count(called_ruri) FROM (FROM read_parquet({sql.text(files[0])}) LIMIT 122880)"  # noqa: S608
        session.run(question)
        least = timed(lambda: [session.rows(question) for _ in range(20)]) / 20
    least *= len(sought)
    yield Line(
        "find by called number, ±5 min, warm", len(sought), seconds, "calls", "one column of one row group", least
    )


def main() -> int:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="hopback-bench-", dir=os.environ.get("BENCH_DIR")))
    print(f"{ROWS:,} rows, {os.cpu_count()} processors; ratio = floor's time / ours; peak in GiB\n", flush=True)
    print(f"{'operation':<40} {'rate':>22} {'ratio':>7}  {'floor':<44} {'peak':>6}", flush=True)
    try:
        for part in (bench_loading, bench_finding):
            for line in part(folder):
                print(line, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
