"""Answers by the sheet: what each line comes to, nothing lost, nothing twice, nothing run."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hopback.portal.desk.models import Sheet
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


def hand_in(client: Client, text: str | bytes) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    answer = client.post("/requests/sheet/", {"sheet": SimpleUploadedFile("answers.csv", content)})
    assert answer.status_code == 302, answer.context["form"].errors
    return str(answer.headers["Location"])


def test_forty_are_answered_at_once_and_none_twice(signed_in: Callable[[str], Client], ask: Callable[..., Hop]) -> None:
    for number in range(40):
        ask("P1", called=12025550100 + number)
    bell = signed_in("Bell")
    lines = list(csv.DictReader(io.StringIO(bell.get("/requests/sheet/open-requests.csv").content.decode())))
    assert len(lines) == 40
    for number, line in enumerate(lines):
        line |= {
            "answer": "customer",
            "business": f"Acme {number}",
            "email": "a@acme.example",
            "account": f"C-{number}",
        }
    lines[3]["answer"] = ""  # left open
    lines[3] |= {"business": "", "email": "", "account": ""}
    lines[5]["email"] = "no address"
    lines[7] |= {"answer": "upstream", "upstream": "Coalbrook Networks Inc.", "trunk": "TG-1"}
    lines[9]["answer"] = "perhaps"
    out = io.StringIO()
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows(lines)
    page = hand_in(bell, "\ufeff" + out.getvalue())
    text = bell.get(page).content.decode()
    assert "37 lines can be sent, 2 cannot, 1 was left open" in text
    assert Response.objects.count() == 0  # nothing was sent by looking it over
    mend = list(csv.DictReader(io.StringIO(bell.get(f"{page}to-mend.csv").content.decode())))
    assert [line["request_id"] for line in mend] == [lines[5]["request_id"], lines[9]["request_id"]]
    assert mend[0]["email"] == "no address"
    assert "email" in mend[0]["wrong"]
    assert bell.post(page).status_code == 422  # not certified
    assert Response.objects.count() == 0
    assert bell.post(page, {"certified": "on"}).status_code == 302
    assert Response.objects.count() == 37
    assert bell.post(page, {"certified": "on"}).status_code == 200
    again = hand_in(bell, out.getvalue())
    assert "0 lines can be sent, 39 cannot" in bell.get(again).content.decode()
    assert Response.objects.count() == 37
    upstream = Response.objects.get(hop__request_id=lines[7]["request_id"])
    assert upstream.body["upstream"].startswith("new:")  # a name nobody knows waits for an analyst
    assert upstream.body["details"]["certified_by"] == "Bell"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"request_id,answer\nR1,expired\x00", "not text"),
        (b"a,b\n1,2", "request_id and answer"),
        (b"request_id,answer,answer\nR1,x,y", "twice"),
        (b"request_id,answer\n", "no line"),
        (b"request_id,answer\n" + b"R1,expired\n" * 501, "at most 500"),
        (b"x" * (2 * 2**20 + 1), "larger"),
    ],
)
def test_what_is_no_such_sheet_is_refused_with_the_reason(
    content: bytes, why: str, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("Bell").post("/requests/sheet/", {"sheet": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not Sheet.objects.exists()


def test_a_hostile_sheet_does_nothing_and_is_given_back_harmless(
    signed_in: Callable[[str], Client], ask: Callable[..., Hop]
) -> None:
    mine, theirs = ask("P1"), ask("P2", called=12025550199)
    bell = signed_in("Bell")
    bell.get("/requests/")
    rows = [
        f"{theirs.request_id},expired,2026-01-01,",
        '"<script>alert(1)</script>",expired,2026-01-01,',
        '"=HYPERLINK(""http://x"")",expired,2026-01-01,',
        f"{mine.request_id},expired,,=1+1",
        f"{mine.request_id},expired,2026-01-01,",
        "",
        ",,,,,,,,,,,,,",
    ]
    page = hand_in(bell, "request_id;answer;records_kept_since;statement\n".replace(";", ",") + "\n".join(rows))
    text = bell.get(page).content.decode()
    assert "<script>alert" not in text
    assert "0 lines can be sent, 5 cannot" in text
    back = bell.get(f"{page}to-mend.csv").content.decode()
    assert "'=HYPERLINK" in back
    assert "'=1+1" in back
    bell.post(page, {"certified": "on"})
    assert Response.objects.count() == 0
    assert signed_in("Cole").get(page).status_code == 404
    assert signed_in("Cole").get(f"{page}to-mend.csv").status_code == 404


def test_times_with_an_offset_and_a_semicolon_between_cells_are_understood(
    signed_in: Callable[[str], Client], received: Callable[..., Hop]
) -> None:
    hop = received("P1")
    called_at = hop.traceback.call_started_at
    bell = signed_in("Bell")
    page = hand_in(
        bell,
        "request_id;answer;searched_from;searched_until;records_kept_since\n"
        f"{hop.request_id};no_record;{called_at.replace(hour=0).isoformat()};"
        f"{called_at.replace(hour=23, minute=59).isoformat()};2026-01-01\n",
    )
    assert bell.post(page, {"certified": "on"}).status_code == 302
    body = Response.objects.get(hop=hop).body
    assert body["searched_from"].startswith(f"{called_at:%Y-%m-%d}T00:")
