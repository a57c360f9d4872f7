from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from hopback.render.endings import ENDINGS
from hopback.render.pages import safe_name, write_run

if TYPE_CHECKING:
    from pathlib import Path

NASTY = '"><script src="https://evil.example/x.js"></script><img src=x onerror=alert(1)>'


@dataclass(frozen=True)
class Call:
    id: str
    campaign: str = "tax-relief"
    called: int = 12025550143
    calling: int | None = 13035550111
    started_at: datetime = datetime(2026, 10, 28, 15, 0, tzinfo=UTC)
    accuracy_s: float = 30.0
    transcript: str = "Hello"


def hop(provider: str, answer: str = "upstream_named", **more: Any) -> dict[str, Any]:
    facts = {
        "provider": provider,
        "answer": answer,
        "upstream": None,
        "customer": None,
        "found_at": "2026-10-28T15:00:04.000Z",
        "source": "core",
        "time_offset_s": 0.0,
        "confidence": 0.95,
        "why": ["The called number stands in the called column."],
    }
    return facts | more


def call(call_id: str, outcome: str = "origin_identified", **more: Any) -> dict[str, Any]:
    facts = {
        "call_id": call_id,
        "outcome": outcome,
        "origin_provider": None,
        "customer": None,
        "path": ["P001", "P002"],
        "point_of_entry": None,
        "review": None,
        "hops": [hop("P001", upstream="P002"), hop("P002", answer="customer_named", customer="C-1")],
    }
    return facts | more


def results(*calls: dict[str, Any], rejected: tuple[str, ...] = ()) -> dict[str, Any]:
    summary = {
        "calls": len(calls),
        "rejected": list(rejected),
        "issued_at": "2026-11-05T00:00:00.000Z",
        "ended_at": "2026-11-20T00:00:00.000Z",
        "rows": {"read": 5, "kept": 5, "rejected": 0},
        "elapsed_s": 1.0,
    }
    return {"calls": list(calls), "summary": summary}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def pages(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.html")}


def write(folder: Path, run: dict[str, Any], *calls: Call, name: str = "Bell Harbor Telephone") -> dict[str, str]:
    providers = {"P001": (name, "US"), "P002": ("Cole Creek Voice", "US"), "P003": ("Elk Fjord Tele", "NO")}
    write_run(folder, run, providers=providers, calls={one.id: one for one in calls})
    return pages(folder)


def test_every_call_is_listed_once_and_has_its_page_and_its_drawing(tmp_path: Path) -> None:
    run = results(*(call(f"K{n}", outcome) for n, outcome in enumerate(ENDINGS)))
    index = write(tmp_path, run)["index.html"]
    for n, (outcome, ending) in enumerate(ENDINGS.items()):
        assert index.count(f'href="calls/K{n}.html"') == 1
        assert f'id="{outcome}"' in index
        assert ending.title in index
        assert (tmp_path / "calls" / f"K{n}.html").is_file()
        assert (tmp_path / "paths" / f"K{n}.svg").is_file()


def test_a_page_says_what_was_traced_to_whom_and_why(tmp_path: Path) -> None:
    traced = call("K1", origin_provider="P002", customer="C-4471")
    abroad = call("K2", "foreign_entry_only", path=["P001", "P002", "P003"], point_of_entry="P002")
    made = write(tmp_path, results(traced, abroad), Call("K1"), Call("K2", calling=None))
    assert "<b>C-4471</b>" in made["index.html"]
    assert "entered at <b>Cole Creek Voice</b> from Elk Fjord Tele" in made["index.html"]
    assert "named the provider it received the call from" in made["calls/K1.html"]
    assert "withheld" in made["calls/K2.html"]
    assert "point of entry" in (tmp_path / "paths" / "K2.svg").read_text("utf-8")


def test_what_a_person_must_look_at_says_why(tmp_path: Path) -> None:
    waiting = call("K1", "ambiguous", review="hop 2 answers needs_review")
    made = write(tmp_path, results(waiting))
    assert "hop 2 answers needs_review" in made["index.html"]
    assert "A person must look" in made["calls/K1.html"]


def test_lines_that_could_not_be_used_are_shown(tmp_path: Path) -> None:
    index = write(tmp_path, results(call("K1"), rejected=("calls.csv:7: called: 'x' is no number",)))["index.html"]
    assert "calls.csv:7" in index


def test_an_empty_run_is_a_page_too(tmp_path: Path) -> None:
    assert "0 calls traced" in write(tmp_path, results())["index.html"]


def test_nothing_runs_and_nothing_is_fetched_from_elsewhere_whatever_the_names_say(tmp_path: Path) -> None:
    nasty = call("K1", customer=NASTY, review=NASTY, hops=[hop("P001", why=[NASTY], source=NASTY)])
    made = write(tmp_path, results(nasty), Call("K1", campaign=NASTY, transcript=NASTY), name=NASTY)
    for text in made.values():
        for tag, attributes in Tags(text).tags:
            assert tag not in ("script", "iframe", "object", "embed", "img")
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("href", "src"):
                assert not re.match(r"(?i)[a-z]+:|//", attributes.get(name) or "")
        assert "default-src 'none'" in text


@pytest.mark.parametrize("call_id", ["../../etc/passwd", "a/b", "", "..", "K1\n", "é", "x" * 300, "C:\\K1"])
def test_a_hostile_call_id_cannot_leave_the_folder(call_id: str, tmp_path: Path) -> None:
    write(tmp_path / "out", results(call(call_id), call("K2")))
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert len(list((tmp_path / "out" / "calls").iterdir())) == 2
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", safe_name(call_id))


def test_a_table_has_headers_that_say_what_they_head(tmp_path: Path) -> None:
    index = write(tmp_path, results(call("K1")))["index.html"]
    headers = [attributes for tag, attributes in Tags(index).tags if tag == "th"]
    assert headers
    assert all(attributes.get("scope") in ("col", "row") for attributes in headers)
