from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

BOOK = """
[provider]
id = "P017"
[[sources]]
name = "core"
format = "generic-csv"
files = "cdr/*.csv"
[[trunks]]
source = "core"
match = "cole_1"
peer = "P003"
"""
ROWS = (
    "start_time,calling,called,trunk,duration\n"
    "2026-11-02T10:20:02-06:00,3035550111,8812#12025550143,cole_1,30\n"
    "2026-11-02T10:18:02-06:00,3035550111,+12025550143,cole_1,0\n"
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "cdr").mkdir()
    (tmp_path / "cdr" / "a.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "book.toml").write_text(BOOK, encoding="utf-8")
    return tmp_path / "book.toml"


def test_loading_again_adds_nothing_twice(book: Path, tmp_path: Path, hopback: Run) -> None:
    for status in ("loaded", "unchanged"):
        ran = hopback("provider", "load", "--book", book, "--store", tmp_path / "store", "--json")
        assert ran.returncode == 0, ran.stderr
        report = json.loads(ran.stdout)
        assert [file["status"] for file in report["files"]] == [status]
        assert report["rows"] == {"read": 3, "kept": 2, "rejected": 0, "duplicates": 0}


def test_a_search_shows_every_record_that_may_be_the_call_best_first(book: Path, hopback: Run) -> None:
    ran = hopback(
        "provider", "search", "--book", book, "--called", "(202) 555-0143", "--calling", "303-555-0111",
        "--at", "2026-11-02T16:20:00Z", "--accuracy", "30", "--json",
    )  # fmt: skip
    shown = json.loads(ran.stdout)
    best, other = shown["sightings"]
    assert (best["upstream"], best["customer"]) == ("P003", None)
    assert best["confidence"] > other["confidence"]
    assert best["record"]["raw"].endswith("8812#12025550143,cole_1,30")
    assert best["time_offset_s"] == 0.0
    assert best["why"]
    assert shown["coverage"]["sources"][0]["rows_within_a_day"] == 2


def test_one_request_is_answered_as_one_hop_with_what_the_next_should_search_for(
    book: Path, tmp_path: Path, hopback: Run
) -> None:
    request = {
        "request_id": "r1", "called": "+12025550143", "calling": "+13035550111",
        "started_at": "2026-11-02T10:20:00-06:00", "accuracy_s": 30, "downstream": "P040",
    }  # fmt: skip
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    said = json.loads(hopback("provider", "answer", path, "--book", book, "--json").stdout)
    assert (said["request_id"], said["answer"], said["upstream"]) == ("r1", "upstream_named", "P003")
    assert said["found_at"] == "2026-11-02T16:20:02.000Z"
    assert said["next"]["called"] == "+12025550143"
    assert said["next"]["duration_s"] == 30.0
    path.write_text(json.dumps([request, request | {"request_id": "r2", "called": "2025550199"}]), encoding="utf-8")
    both = json.loads(hopback("provider", "answer", path, "--book", book, "--json").stdout)
    assert [one["answer"] for one in both] == ["upstream_named", "no_record"]


def test_requests_are_remembered_in_the_store_and_weighed_with_later_ones(
    book: Path, tmp_path: Path, hopback: Run
) -> None:
    freeswitch = BOOK.replace("generic-csv", "freeswitch-csv").replace("cole_1", "5551")
    book.write_text(freeswitch.replace('files = "cdr', 'time_zone = "America/Chicago"\nfiles = "cdr'), encoding="utf-8")
    rows = [
        f'"","3035550111","202555014{n}","public","2026-11-03 0{n}:50:02","2026-11-03 0{n}:50:08","2026-11-03 0{n}:50:38",'
        f'"36","30","NORMAL_CLEARING","u{n}","","5551","PCMU","PCMU"\n'
        for n in (1, 2)
    ]
    (tmp_path / "cdr" / "a.csv").write_text("".join(rows), encoding="utf-8")

    def ask(n: int, downstream: str) -> dict[str, object]:
        path = tmp_path / f"r{n}.json"
        facts = {"request_id": f"r{n}", "called": f"+1202555014{n}", "calling": "+13035550111", "accuracy_s": 10}
        facts |= {
            "started_at": f"2026-11-02T{19 + n}:20:03Z",
            "downstream": downstream,
            "duration_s": 30,
            "answered": True,
        }
        path.write_text(json.dumps(facts), encoding="utf-8")
        said = hopback("provider", "answer", path, "--book", book, "--store", tmp_path / "store", "--json")
        return dict(json.loads(said.stdout))

    assert ask(1, "P040")["answer"] == "needs_review"
    assert ask(2, "P041")["upstream"] == "P003"
    assert ask(1, "P040")["upstream"] == "P003"
    estimates = json.loads((tmp_path / "store" / "clocks.json").read_text("utf-8"))
    assert [row["offset_s"] for row in estimates] == [41400.0]


@pytest.mark.parametrize(
    ("request_text", "said"),
    [
        ("{", "this is not JSON"),
        ("[]", "the list of requests is empty"),
        ('{"request_id": "r"}', "called: Field required"),
        (
            '{"request_id": "r", "called": "x", "started_at": "2026-11-02T10:20:00Z", "accuracy_s": 1}',
            "no telephone number",
        ),
        (
            '{"request_id": "r", "called": "2025550143", "started_at": "2026-11-02T10:20:00", "accuracy_s": 1}',
            "started_at",
        ),
        (
            '{"request_id": "r", "called": "2025550143", "started_at": "2026-11-02T10:20:00Z", "accuracy_s": -1}',
            "accuracy_s",
        ),
        (
            '{"request_id": "r", "called": "2025550143", "started_at": "9999-12-31T23:59:59Z", "accuracy_s": 1}',
            "no call of the year 9999",
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_one_line_and_exit_two(
    request_text: str, said: str, book: Path, tmp_path: Path, hopback: Run
) -> None:
    path = tmp_path / "request.json"
    path.write_text(request_text, encoding="utf-8")
    ran = hopback("provider", "answer", path, "--book", book)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


@pytest.mark.parametrize(
    ("option", "value"), [("--accuracy", "-1"), ("--accuracy", "nan"), ("--at", "0001-01-01T00:00:00+14:00")]
)
def test_an_option_of_a_search_that_cannot_be_used_is_named(option: str, value: str, book: Path, hopback: Run) -> None:
    good = {"--called": "2025550143", "--at": "2026-11-02T16:20:00Z"}
    options = [word for pair in (good | {option: value}).items() for word in pair]
    ran = hopback("provider", "search", "--book", book, *options)
    assert ran.returncode == 2
    assert option in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_caller_may_be_written_as_withheld(book: Path, tmp_path: Path, hopback: Run) -> None:
    path = tmp_path / "request.json"
    facts = {"request_id": "r", "called": "2025550143", "started_at": "2026-11-02T16:20:00Z", "accuracy_s": 30}
    said = []
    for caller in (None, "Anonymous"):
        path.write_text(json.dumps(facts | {"calling": caller}), encoding="utf-8")
        ran = hopback("provider", "answer", path, "--book", book, "--json")
        assert ran.returncode == 0, ran.stderr
        said.append(json.loads(ran.stdout))
    assert said[0] == said[1]


def test_a_source_that_cannot_be_read_is_one_line_after_the_others_are_loaded(
    book: Path, tmp_path: Path, hopback: Run
) -> None:
    more = '[[sources]]\nname = "edge"\nformat = "morse-tape"\nfiles = "cdr/*.csv"\n'
    book.write_text(BOOK + more, encoding="utf-8")
    ran = hopback("provider", "load", "--book", book, "--store", tmp_path / "store", "--json")
    assert ran.returncode == 2
    assert json.loads(ran.stdout)["rows"]["kept"] == 2
    (line,) = ran.stderr.splitlines()
    assert "source 'edge'" in line
    assert "morse-tape" in line
    assert "generic-csv" in line


@pytest.mark.parametrize("arguments", [("provider", "load"), ("provider", "fly"), ("clock",), ("trace", "x")])
def test_wrong_usage_is_exit_two_and_one_line(arguments: tuple[str, ...], hopback: Run) -> None:
    ran = hopback(*arguments)
    assert ran.returncode == 2
    assert ran.stderr.startswith("hopback: ")
    assert ran.stderr.count("\n") == 1
