from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from exercise.watching import Watch
from hopback.exercise.kits import KitReport, Kits, Mail
from hopback.kernel.answers import AnswerKind
from hopback.wire.hops import HopRequest

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 10, 28, 15, 0, tzinfo=UTC)


def provider(case: Path, name: str, *, upstream: str, book: str = "") -> Path:
    """A provider's folder with one call from ``upstream``."""
    folder = case / "providers" / name
    (folder / "cdr").mkdir(parents=True)
    (folder / "book.toml").write_text(
        book
        or f'[provider]\nid = "{name}"\n[[sources]]\nname = "core"\nformat = "generic-csv"\nfiles = "cdr/*.csv"\n'
        f'[[trunks]]\nsource = "core"\nmatch = "in"\npeer = "{upstream}"\n',
        encoding="utf-8",
    )
    with (folder / "cdr" / "core.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["start_time", "calling", "called", "trunk", "duration"]]
            + [[(AT + timedelta(hours=n)).isoformat(), "+13035550111", f"+1202555{n:04d}", "in", 30] for n in range(3)]
        )
    return folder


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    for name in ("providers.csv", "calls.csv", "expected.csv"):
        (folder / name).write_text("private\n", encoding="utf-8")
    return folder


def ask(line: int) -> Mail:
    request = HopRequest(
        request_id=f"r{line}",
        called=f"+1202555{line:04d}",
        calling="+13035550111",
        started_at=AT + timedelta(hours=line),
        accuracy_s=10,
        answered=True,
    )
    return Mail((request,))


def test_a_kit_opens_nothing_outside_its_own_folder(case: Path, tmp_path: Path) -> None:
    bell = provider(case, "BELL", upstream="COLE")
    cole = provider(case, "COLE", upstream="DANA")
    (tmp_path / "kits" / "COLE").mkdir(parents=True)
    (tmp_path / "kits" / "COLE" / "manifest.sqlite").write_bytes(b"")
    files = [case / name for name in ("providers.csv", "calls.csv", "expected.csv")]
    with Watch(bell) as own, Watch(cole, tmp_path / "kits" / "COLE", *files) as others:
        with Kits(tmp_path / "kits") as kits:
            kits.open({"BELL": bell}, on_ready=lambda *_: None)
            (said,) = kits.tell({"BELL": ask(1)})["BELL"]
        assert said.upstream == "COLE"
        assert bell / "book.toml" in own.opened()
        assert others.opened() == set()


def test_a_kit_whose_book_is_broken_says_so_and_the_others_go_on(case: Path, tmp_path: Path) -> None:
    bell = provider(case, "BELL", upstream="COLE")
    cole = provider(case, "COLE", upstream="DANA", book="[provider\n")
    with Kits(tmp_path / "kits") as kits:
        reports: dict[str, KitReport] = kits.open({"BELL": bell, "COLE": cole}, on_ready=lambda *_: None)
        assert reports["BELL"].failed is None
        assert "book.toml" in (reports["COLE"].failed or "")
        answers = kits.tell({"BELL": ask(2), "COLE": ask(2)})
    assert [answer.upstream for answer in answers["BELL"]] == ["COLE"]
    assert "COLE" not in answers


def test_a_source_that_cannot_be_read_costs_that_source_only(case: Path, tmp_path: Path) -> None:
    book = (
        '[provider]\nid = "BELL"\n'
        '[[sources]]\nname = "core"\nformat = "generic-csv"\nfiles = "cdr/*.csv"\n'
        '[[sources]]\nname = "edge"\nformat = "morse-tape"\nfiles = "cdr/*.csv"\n'
        '[[sources]]\nname = "gone"\nformat = "generic-csv"\nfiles = "cdr/gone-*.csv"\n'
        '[[trunks]]\nsource = "core"\nmatch = "in"\npeer = "COLE"\n'
    )
    bell = provider(case, "BELL", upstream="COLE", book=book)
    with Kits(tmp_path / "kits") as kits:
        report = kits.open({"BELL": bell}, on_ready=lambda *_: None)["BELL"]
        found = kits.tell({"BELL": ask(1)})["BELL"]
        absent = kits.tell({"BELL": ask(77)})["BELL"]
    assert any("morse-tape" in line for line in report.troubles)
    assert any("gone-*.csv" in line for line in report.troubles)
    assert all("\n" not in line for line in report.troubles)
    assert [answer.upstream for answer in found] == ["COLE"]
    assert [answer.answer for answer in absent] == [AnswerKind.NEEDS_REVIEW]


def test_absence_is_not_claimed_after_a_file_that_is_mostly_rubbish(case: Path, tmp_path: Path) -> None:
    bell = provider(case, "BELL", upstream="COLE")
    (bell / "cdr" / "zz.csv").write_text("start_time,calling,called,trunk,duration\n" + "torn\n" * 9, encoding="utf-8")
    with Kits(tmp_path / "kits") as kits:
        report = kits.open({"BELL": bell}, on_ready=lambda *_: None)["BELL"]
        (absent,) = kits.tell({"BELL": ask(77)})["BELL"]
    (line,) = report.troubles
    assert "zz.csv: 9 of 10 lines" in line
    assert absent.answer is AnswerKind.NEEDS_REVIEW
