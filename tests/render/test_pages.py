from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    terminating_provider: str = "P001"
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
    assert 'Cole Creek Voice: customer <b class="id">C-4471</b>' in made["index.html"]
    assert "<b>Cole Creek Voice</b> originated this call for its customer <b>C-4471</b>" in made["calls/K1.html"]
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
    nasty = call(NASTY, customer=NASTY, review=NASTY, hops=[hop("P001", why=[NASTY], source=NASTY)])
    made = write(tmp_path, results(nasty, rejected=(NASTY,)), Call(NASTY, campaign=NASTY, transcript=NASTY), name=NASTY)
    for text in made.values():
        for tag, attributes in Tags(text).tags:
            assert tag not in ("script", "iframe", "object", "embed", "img")
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("href", "src"):
                assert not re.match(r"(?i)[a-z]+:|//", attributes.get(name) or "")
        assert "default-src 'none'" in text
        assert "<style" not in text
    assert not re.search(r"@import|url\(|//", (tmp_path / "run.css").read_text("utf-8"))
    (drawing,) = (tmp_path / "paths").iterdir()
    for tag, attributes in Tags(drawing.read_text("utf-8")).tags:
        assert tag in ("svg", "title", "desc", "style", "rect", "path", "text")
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "xlink:href", "style")]


@pytest.mark.parametrize("call_id", ["../../etc/passwd", "a/b", "", "..", "K1\n", "é", "x" * 300, "C:\\K1"])
def test_a_hostile_call_id_cannot_leave_the_folder(call_id: str, tmp_path: Path) -> None:
    write(tmp_path / "out", results(call(call_id), call("K2")))
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert len(list((tmp_path / "out" / "calls").iterdir())) == 2
    assert len(list((tmp_path / "out" / "paths").iterdir())) == 2


@given(st.text(max_size=120), st.text(max_size=120))
@settings(max_examples=100, deadline=None)
def test_two_calls_never_share_a_file_and_no_file_name_leads_anywhere(one: str, other: str) -> None:
    names = {call_id: safe_name(call_id) for call_id in (one, other)}
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._~-]{0,99}", name) for name in names.values())


def test_an_id_that_looks_like_anothers_file_name_gets_its_own() -> None:
    assert safe_name("2026-10-28.K1") == "2026-10-28.K1"
    assert safe_name(safe_name("a/b")) != safe_name("a/b")


def test_a_table_has_headers_that_say_what_they_head(tmp_path: Path) -> None:
    index = write(tmp_path, results(call("K1")))["index.html"]
    headers = [attributes for tag, attributes in Tags(index).tags if tag == "th"]
    assert headers
    assert all(attributes.get("scope") in ("col", "row") for attributes in headers)


def test_where_traces_stopped_is_told_per_provider_with_the_reason(tmp_path: Path) -> None:
    silent = hop("P002", answer="no_answer", found_at=None, why=["no answer by noon"])
    stopped = [call(f"K{n}", "non_responsive", hops=[hop("P001", upstream="P002"), silent]) for n in range(3)]
    index = write(tmp_path, results(*stopped, call("K9")))["index.html"]
    section = index.split('<h2 id="stops">')[1].split("</section>")[0]
    assert re.search(r'Cole Creek Voice.*silent</td><td class="count">3</td><td>no answer by noon</td>', section)
    assert "Bell Harbor" not in section


def test_providers_are_counted_by_what_they_answered(tmp_path: Path) -> None:
    index = write(tmp_path, results(call("K1", origin_provider="P002"), call("K2", origin_provider="P002")))
    section = index["index.html"].split('<h2 id="providers">')[1].split("</section>")[0]
    counts = {
        name: re.findall(r'<td class="count">(\d*)</td>', row)
        for name in ("Bell Harbor", "Cole Creek")
        for row in re.findall(rf"<tr><th scope=\"row\">{name}.*</tr>", section)
    }
    assert counts == {"Bell Harbor": ["2", "", "2", ""], "Cole Creek": ["2", "2", "", "2"]}


def test_a_campaign_says_how_many_of_its_calls_were_traced(tmp_path: Path) -> None:
    run = results(call("K1", origin_provider="P002"), call("K2", "ambiguous"))
    section = write(tmp_path, run, Call("K1"), Call("K2"))["index.html"].split('<h2 id="campaigns">')[1]
    assert 'tax-relief</th><td class="count">2</td><td class="count">1</td><td>Cole Creek Voice (1)' in section


def test_a_call_says_who_is_abroad_who_let_it_in_and_who_met_it_twice(tmp_path: Path) -> None:
    path = ["P001", "P002", "P001", "P003"]
    hops = [hop(one, upstream="P002") for one in path[:3]] + [hop("P003", answer="no_answer", found_at=None, why=[])]
    write(tmp_path, results(call("K1", "foreign_entry_only", path=path, hops=hops, point_of_entry="P001")))
    drawing = (tmp_path / "paths" / "K1.svg").read_text("utf-8")
    assert "1 · terminating provider<" in drawing
    assert "3 · point of entry, again<" in drawing
    assert "4 · foreign provider<" in drawing
    assert "P003 · NO" in drawing


def test_a_clock_that_is_off_is_told_with_its_direction(tmp_path: Path) -> None:
    hops = [hop("P001", upstream="P002", time_offset_s=-103.0), hop("P002", customer="C-1", time_offset_s=14400.0)]
    page = write(tmp_path, results(call("K1", hops=hops)))["calls/K1.html"]
    assert "the clock there was 1 min 43 s behind" in page
    assert "the clock there was 4 h ahead" in page
    assert "clock 1 min 43 s behind" in (tmp_path / "paths" / "K1.svg").read_text("utf-8")


def test_the_same_run_is_written_in_the_same_bytes(tmp_path: Path) -> None:
    run = results(*(call(f"K{n}", outcome) for n, outcome in enumerate(ENDINGS)))
    for folder in ("one", "two"):
        write(tmp_path / folder, run, Call("K1"))
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 2 + 2 * len(ENDINGS)
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)


def test_no_two_things_on_a_page_share_an_id_and_no_anchor_leads_nowhere(tmp_path: Path) -> None:
    run = results(*(call(f"K{n}", outcome) for n, outcome in enumerate(ENDINGS)), rejected=("calls.csv:7",))
    for text in write(tmp_path, run, Call("K1")).values():
        ids = [attributes["id"] for _, attributes in Tags(text).tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in Tags(text).tags:
            if (attributes.get("href") or "").startswith("#"):
                assert attributes["href"] in {f"#{one}" for one in ids}
            for label in (attributes.get("aria-labelledby") or "").split():
                assert label in ids


def test_who_was_only_named_by_a_neighbour_is_not_said_to_have_carried_the_call(tmp_path: Path) -> None:
    hops = [hop("P001", upstream="P002"), hop("P002", answer="no_record", found_at=None)]
    page = write(tmp_path, results(call("K1", "no_record_at_hop", hops=hops)), name="Bell Harbor Inc.")["calls/K1.html"]
    assert "P002 · US · asked last" in page
    assert "transit provider" not in page
    assert "The trace went as far as <b>Cole Creek Voice</b>. " in page
