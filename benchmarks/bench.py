"""``make bench``: each operation beside its floor, measured in one run.

The rows are made here, of ``BENCH_ROWS`` calls (default two million; a thousand million is a supported value: rows are
written to disk in chunks as they are made). A floor is the least any program could do for the same result on this
machine: for loading, DuckDB's own reader taking every column of the same bytes into a table. A ratio of 0.25 means a
quarter of the floor's speed. Slowness is printed, never an error.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hopback.demo.invent import invent
from hopback.demo.switches import FORMATS, HEADERS, Leg, Switch, write_leg
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
TRIES: Final = 3
"""The best of this many runs counts, for us and for the floor: what else the machine does only ever slows a run."""


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


def written(switch: Switch) -> Callable[[Calls], str]:
    """A chunk as a switch of that format writes it: the demonstration's switches, built apart from the parsers."""
    trunk_prefix = "198.51.100." if switch.format == "kamailio-acc-csv" else "trunk-"

    def form(chunk: Calls) -> str:
        lines: list[str] = []
        for number, (at, calling, called, trunk, duration) in enumerate(_each(chunk)):
            answer = at + timedelta(seconds=4) if duration else None
            lines += write_leg(
                switch,
                Leg(
                    setup=at,
                    answer=answer,
                    end=(answer or at) + timedelta(seconds=duration or 9),
                    called_in=f"1{called}",
                    calling_in=f"1{calling}",
                    called_out=f"1{called}",
                    calling_out=f"1{calling}",
                    trunk_in=f"{trunk_prefix}{trunk}",
                    trunk_out=f"{trunk_prefix}{trunk + 100}",
                    call_id_in=f"{calling}@a.example",
                    call_id_out=f"{called}@b.example",
                    serial=number,
                ),
            )
        return "".join(f"{line}\n" for line in lines)

    return form


def _each(chunk: Calls) -> Iterator[tuple[datetime, int, int, int, int]]:
    return zip(chunk.at, chunk.calling, chunk.called, chunk.trunk, chunk.duration, strict=True)


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
    """DuckDB's own reader, every column of the file into a table; the best of three runs."""
    options = f"header = {str(has_header).lower()}"
    if path.name.startswith("sonus"):  # its first line is no header, and its records differ in length
        options = "header = false, null_padding = true, skip = 1"
    question = f"CREATE OR REPLACE TEMP TABLE floor AS SELECT * FROM read_csv({sql.text(str(path))}, {options})"  # noqa: S608
    return min(timed(lambda: session.run(question)) for _ in range(TRIES))


def load(folder: Path, path: Path, name: str) -> tuple[float, int]:
    """Load a file into a fresh store: seconds in the best of three runs, and the rows kept."""
    kept = 0

    def work() -> None:
        nonlocal kept
        with Store.open(folder) as store:
            report = load_files(store, Source("bench", name, "America/New_York"), [path])
            kept = report.total("kept") + report.total("duplicates")

    best = float("inf")
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        best = min(best, timed(work))
    return best, kept


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
    for name in sorted(set(FORMATS) - {"generic-csv"}):
        other = folder / f"{name}.csv"
        header = f"{HEADERS[name]}\n" if name in HEADERS else ""
        write(other, rows, header=header, form=written(Switch("core", name, "America/New_York")))
        with open_session(threads=os.cpu_count(), spill=folder / "spill") as session:
            least = floor(session, other, has_header=bool(header))
        seconds, kept = load(folder / "other", other, name)
        assert kept >= rows, f"{name}: {kept} of {rows} rows"
        yield Line(f"load {name}", kept, seconds, "rows", reader, least)


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


def bench_commands(folder: Path) -> Iterator[Line]:
    """What a person waits for: the command line itself, the demonstration, and the shared national case."""
    command = [sys.executable, "-c", "from hopback.cli import main; main()"]
    python = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    seconds = min(
        timed(lambda: subprocess.run([*command, "--help"], check=True, stdout=subprocess.DEVNULL)) for _ in range(3)
    )
    yield Line(f"hopback --help ({seconds:.2f} s)", 1, seconds, "runs", "an empty Python process", python)
    cases = {"the demonstration": folder / "case"}
    invent(cases["the demonstration"])
    shared = Path(os.environ.get("HOPBACK_SHARED", Path(__file__).parents[2] / "shared")) / "cases" / "national"
    if shared.is_dir():
        cases["the national case"] = shared
    for name, case in cases.items():
        out = folder / "out"
        seconds = timed(
            lambda case=case, out=out: subprocess.run(
                [*command, "trace", str(case), "--out", str(out), "--json"], check=True, capture_output=True
            )
        )
        count = len(json.loads((out / "results.json").read_text(encoding="utf-8"))["calls"])
        yield Line(f"trace {name} ({seconds:.1f} s)", count, seconds, "calls")


def main() -> int:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="hopback-bench-", dir=os.environ.get("BENCH_DIR")))
    print(f"{ROWS:,} rows, {os.cpu_count()} processors; ratio = floor's time / ours; peak in GiB\n", flush=True)
    print(f"{'operation':<40} {'rate':>22} {'ratio':>7}  {'floor':<44} {'peak':>6}", flush=True)
    try:
        for part in (bench_loading, bench_finding, bench_commands):
            for line in part(folder):
                print(line, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
