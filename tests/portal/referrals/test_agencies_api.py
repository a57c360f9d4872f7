from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F
from django.test import Client

from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.intake.models import CallSample
from hopback.portal.referrals.models import AgencyRequest, Disclosure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.portal.audit.actors import Actor
    from hopback.portal.referrals.models import Package
    from hopback.portal.tracebacks.models import Traceback

BOTH = ("referrals:read", "referrals:write")


@pytest.fixture
def program(actors: dict[str, Actor]) -> Callable[..., Client]:
    """An agency's program."""

    def build(agency: str, scopes: tuple[str, ...] = BOTH) -> Client:
        row = Organisation.objects.get(pk=agency)
        secret = issue_key(SYSTEM, row, at=datetime.now(UTC), lasts=timedelta(hours=1), scopes=scopes)
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return build


def asked(**otherwise: Any) -> dict[str, Any]:
    return {
        "kind": "number",
        "authority": "cid",
        "instrument": "C-9",
        "purpose": "an investigation",
        "due_on": (datetime.now(UTC) + timedelta(days=9)).date().isoformat(),
        "targets": ["+1 312 555 0188"],
    } | otherwise


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/referrals/{address}", body, content_type="application/json")


def settle() -> None:
    """Let a minute go by."""
    AgencyRequest.objects.update(changed_at=F("changed_at") - timedelta(minutes=1))


def test_a_program_files_reads_and_withdraws(program: Callable[..., Client]) -> None:
    fay, gil = program("FTC"), program("AG-IL")
    made = post(fay, "requests", asked())
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["state"], row["targets"]) == ("filed", ["+1 312 555 0188"])
    assert (
        fay.get("/api/v1/referrals/requests").json()["requests"] == []
    )  # one that is still being written is not missed
    settle()
    assert [one["id"] for one in fay.get("/api/v1/referrals/requests").json()["requests"]] == [row["id"]]
    assert gil.get("/api/v1/referrals/requests").json()["requests"] == []
    assert gil.get(f"/api/v1/referrals/requests/{row['id']}").status_code == 404
    assert post(gil, f"requests/{row['id']}/withdraw", {}).status_code == 404
    until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    assert post(fay, f"requests/{row['id']}/preservations", {"what": "all", "until": until}).status_code == 201
    assert post(fay, f"requests/{row['id']}/withdraw", {"seen": 1}).status_code == 409
    assert post(fay, f"requests/{row['id']}/withdraw", {"seen": 2}).json()["state"] == "withdrawn"
    assert AgencyRequest.objects.get().filed_by.startswith("key:")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "x"},
        {"purpose": " "},
        {"instrument": ""},
        {"targets": ["abc"]},
        {"due_on": "2020-01-01"},
        {"targets": ["+1 312 555 0188"] * 21},
        {"kind": "calls"},
        {"kind": "calls", "calls": [{"called": "abc", "calling": None, "started_at": "2026-11-01T00:00:00Z"}]},
    ],
)
def test_what_is_wrong_is_a_problem_document(program: Callable[..., Client], wrong: dict[str, Any]) -> None:
    answer = post(program("FTC"), "requests", asked(**wrong))
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not AgencyRequest.objects.exists()


def test_calls_are_put_forward(program: Callable[..., Client]) -> None:
    fay, gil = program("FTC"), program("AG-IL")
    start = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    call = {"called": "+1 202 555 0143", "calling": None, "started_at": start}
    row = post(fay, "requests", asked(kind="calls", targets=[], calls=[call])).json()
    (traceback,) = row["tracebacks"]
    assert CallSample.objects.get().source_id == "FTC"
    shown = fay.get(f"/api/v1/referrals/tracebacks/{traceback}").json()
    assert shown == {"id": traceback, "stage": "proposed", "path": []}
    assert gil.get(f"/api/v1/referrals/tracebacks/{traceback}").status_code == 404


def test_a_scope_is_needed_for_each(program: Callable[..., Client]) -> None:
    reader, writer = program("FTC", ("referrals:read",)), program("FTC", ("referrals:write",))
    assert post(reader, "requests", asked()).status_code == 403
    assert writer.get("/api/v1/referrals/requests").status_code == 403
    assert Client().get("/api/v1/referrals/requests").status_code == 401


def test_what_was_sent_is_fetched_and_on_record(
    program: Callable[..., Client], sent: Callable[..., Package], concluded: Traceback
) -> None:
    fay, gil = program("FTC"), program("AG-IL")
    package = sent(on_process=True)
    told = fay.get(f"/api/v1/referrals/packages/{package.pk}").json()
    (shown,) = told["tracebacks"]
    assert shown["origin_provider_name"] == "Elm Originating Inc."
    assert [hop["provider"] for hop in shown["path"]] == ["P1", "P2", "P5"]
    assert len(fay.get("/api/v1/referrals/tracebacks").json()["tracebacks"]) == 1
    assert gil.get("/api/v1/referrals/tracebacks").json() == {"tracebacks": []}
    assert gil.get(f"/api/v1/referrals/packages/{package.pk}").status_code == 404
    assert Disclosure.objects.filter(how="fetched").count() == 1


def test_a_list_is_read_to_its_end(program: Callable[..., Client]) -> None:
    fay = program("FTC")
    ids = [post(fay, "requests", asked()).json()["id"] for _ in range(5)]
    settle()
    seen, cursor = [], ""
    while True:
        page = fay.get(f"/api/v1/referrals/requests?limit=2&cursor={cursor}").json()
        seen += [one["id"] for one in page["requests"]]
        cursor = page.get("next")
        if not cursor:
            break
    assert seen == ids
    assert fay.get("/api/v1/referrals/requests?cursor=x").status_code == 422
