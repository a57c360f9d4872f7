from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hopback.kernel.errors import BadInput
from hopback.portal.intake.actions import propose
from hopback.portal.intake.models import CallSample, SampleImport
from hopback.portal.intake.sheets import MOST_LINES, read, safe, template

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.test import Client

    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.facts import Facts

HEAD = "source_record_id,call_start,call_start_zone,accuracy_s,called,calling,transcript\n"


def line(record: str = "", **otherwise: str) -> str:
    cells = {
        "call_start": "2026-11-01 09:30:00",
        "call_start_zone": "America/Chicago",
        "accuracy_s": "30",
        "called": "+12025550143",
        "calling": "+13125550188",
        "transcript": "",
    } | otherwise
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([record, *cells.values()])
    return out.getvalue()


def sheet(text: str | bytes, name: str = "week.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def test_the_template_can_be_sent_back_as_it_is(noon: datetime) -> None:
    found = read(template().encode(), at=noon.replace(day=3))
    assert (len(found.good), found.bad) == (1, [])
    assert found.good[0].facts.called == 12025550143


def test_a_sheet_is_looked_at_then_taken_over_and_its_bad_lines_are_kept(
    cast: Any, signed_in: Callable[[str], Client], actors: dict[str, Actor], noon: datetime
) -> None:
    client = signed_in("Sol")
    text = HEAD + line("a") + line("b", called="911", calling="") + line("c", call_start="soon") + line("a")
    answer = client.post("/intake/sheets/", {"file": sheet(text)}, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Put 1 call forward, leave 3 out" in page
    assert "is a short code" in page
    assert "is on line 2 already" in page
    assert not CallSample.objects.exists()
    found = SampleImport.objects.get()
    assert [(one.line, len(one.reasons)) for one in found.rejected.order_by("line")] == [(3, 2), (4, 1), (5, 1)]
    client.post(f"/intake/sheets/{found.pk}/confirm/")
    assert [row.source_record_id for row in CallSample.objects.all()] == ["a"]
    client.post(f"/intake/sheets/{found.pk}/confirm/")
    assert CallSample.objects.count() == 1
    again = client.post("/intake/sheets/", {"file": sheet(text, "other name.csv")}, follow=True)
    assert again.redirect_chain[-1][0] == f"/intake/sheets/{found.pk}/"
    assert SampleImport.objects.count() == 1
    more = client.post("/intake/sheets/", {"file": sheet(HEAD + line("a") + line("d"))}, follow=True)
    assert "Put 1 call forward" in more.content.decode()
    client.post(more.redirect_chain[-1][0] + "confirm/")
    assert sorted(row.source_record_id for row in CallSample.objects.all()) == ["a", "d"]


def test_a_sheet_is_its_sources_own(cast: Any, signed_in: Callable[[str], Client]) -> None:
    answer = signed_in("Sol").post("/intake/sheets/", {"file": sheet(HEAD + line("a") + line("b", called="1"))})
    path = answer.headers["Location"]
    for name, status in (("Sol", 200), ("Abe", 200), ("Otto", 200), ("Fay", 404), ("Bell", 404), ("Dana", 404)):
        assert signed_in(name).get(path).status_code == status
        assert signed_in(name).get(f"{path}rejected.csv").status_code == status
    for name in ("Fay", "Otto", "Dana"):
        assert signed_in(name).post(f"{path}confirm/").status_code == 404
    assert not CallSample.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (HEAD.encode(), "no calls"),
        ((HEAD + line()).encode("utf-16"), "UTF-8"),
        ((HEAD + line(transcript="caf\u00e9")).encode("latin-1"), "line 2 is not UTF-8"),
        (b"called,calling\n+1,+2\n", "no column call_start, accuracy_s"),
        (b"called,called,calling,call_start,accuracy_s\n", "twice"),
        ((HEAD + 'a,"2026').encode(), "no line of a sheet"),
        ((HEAD + "a,b\x00c\n").encode(), "no text"),
        (b"PK\x03\x04\x00\x00", "no text"),
        (HEAD.encode() + b"a" * (5 * 2**20 + 1), "larger than 5 MB"),
        ((HEAD + "x,2026-11-01 09:30:00,UTC,5,+12025550143,+13125550188,\n" * 100_000).encode(), "larger than 5 MB"),
        ((HEAD + ",,,,\n" * 110_000).encode(), "more than 2,000 calls"),
        ((HEAD + line() * (MOST_LINES + 1)).encode(), "more than 2,000 calls"),
    ],
)
def test_a_hostile_sheet_is_refused_with_what_is_wrong(noon: datetime, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(data, at=noon)


def test_a_sheet_that_cannot_be_read_is_said_at_the_form(cast: Any, signed_in: Callable[[str], Client]) -> None:
    answer = signed_in("Sol").post("/intake/sheets/", {"file": sheet(b"\xff\xfe\x00")})
    assert answer.status_code == 422
    assert "not UTF-8" in answer.content.decode()
    assert not SampleImport.objects.exists()


def test_semicolons_a_mark_of_order_and_columns_unknown_are_taken(noon: datetime) -> None:
    text = "\ufeff" + (HEAD.strip() + ",colour\n" + line().strip() + ",red\n").replace(",", ";")
    found = read(text.encode(), at=noon)
    assert (len(found.good), found.ignored) == (1, ("colour",))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("+12025550143", "+12025550143"),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_no_cell_written_out_is_a_formula(cell: object, written: str) -> None:
    assert safe(cell) == written


def test_what_is_written_out_of_hostile_cells_calculates_nothing_and_comes_back_the_same(
    actors: dict[str, Actor], signed_in: Callable[[str], Client], facts: Callable[..., Facts], noon: datetime
) -> None:
    evil = "=cmd|' /C calc'!A0"
    propose(actors["Sol"], "honeypots", [facts(source_record_id=evil, why=evil)], at=noon, via="api")
    text = signed_in("Abe").get("/intake/samples.csv?stage=all").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert f"'{evil}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "-", "\t"))]
    bad = signed_in("Sol").post("/intake/sheets/", {"file": sheet(HEAD + line(evil, called="911"))})
    back = signed_in("Sol").get(f"{bad.headers['Location']}rejected.csv").content
    found = read(back.replace(b",911,", b",+12025550143,"), at=noon)
    assert [one.facts.source_record_id for one in found.good] == [evil]


@pytest.mark.parametrize(
    ("otherwise", "message"),
    [
        ({"called": ""}, "is needed"),
        ({"called": "anonymous"}, "is withheld"),
        ({"called": "5550143"}, "no area code"),
        ({"called": "x"}, "no telephone number"),
        ({"calling": "12"}, "short code"),
        ({"call_start": ""}, "is needed"),
        ({"call_start": "01/11/2026"}, "not a date and a time"),
        ({"call_start": "2036-11-01 09:30"}, "has not been yet"),
        ({"call_start": "1999-11-01 09:30"}, "five years ago"),
        ({"call_start": "2026-03-08 02:30:00"}, "does not exist"),
        ({"call_start": "2026-11-01 01:30:00"}, "happened twice"),
        ({"call_start_zone": "Chicago"}, "not a time zone"),
        ({"call_start_zone": "../../etc/passwd"}, "not a time zone"),
        ({"call_start_zone": ""}, "is needed"),
        ({"accuracy_s": ""}, "is needed"),
        ({"accuracy_s": "nan"}, "between 0 and"),
        ({"accuracy_s": "a while"}, "number of seconds"),
        ({"transcript": "x" * 100_001}, "longer than 100000"),
    ],
)
def test_each_mistake_of_a_line_is_named(noon: datetime, otherwise: dict[str, str], message: str) -> None:
    (bad,) = read((HEAD + line(**otherwise)).encode(), at=noon).bad
    assert any(message in miss.message for miss in bad.reasons), bad.reasons
