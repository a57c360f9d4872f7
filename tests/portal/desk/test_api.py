"""What a provider's program does beside answering."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import EXERCISE_ANALYST
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def program(cast: Any) -> Callable[[str], Client]:
    def make(provider: str) -> Client:
        at = datetime.now(UTC) - timedelta(minutes=1)
        key = issue_key(EXERCISE_ANALYST, Organisation.objects.get(pk=provider), at=at, lasts=timedelta(days=1))
        return Client(headers={"authorization": f"Bearer {key}"})

    return make


def test_a_program_asks_hands_a_file_in_and_says_what_was_done(
    program: Callable[[str], Client], received: Callable[..., Hop]
) -> None:
    hop, bell, cole = received("P1"), program("P1"), program("P2")
    at = f"/api/v1/requests/{hop.request_id}"
    said = bell.post(f"{at}/questions", {"text": "Is it UTC?"}, content_type="application/json")
    assert said.status_code == 201
    assert [one["text"] for one in bell.get(f"{at}/questions").json()] == ["Is it UTC?"]
    file = bell.post(f"{at}/attachments", {"file": SimpleUploadedFile("trace.csv", b"a,b")})
    assert file.status_code == 201, file.content
    assert bell.get(f"{at}/attachments").json() == [file.json()]
    assert bell.get(f"{at}/attachments/{file.json()['id']}").content == b"a,b"
    draft = {
        "kind": "suspended",
        "target": "customer",
        "what": "C-77",
        "effective_at": "2026-11-03T00:00:00Z",
        "reason": "the same script again",
    }
    done = bell.post(f"{at}/actions", draft, content_type="application/json")
    assert done.status_code == 201, done.content
    assert bell.post(f"{at}/actions", draft, content_type="application/json").json()["id"] == done.json()["id"]
    listed = bell.get("/api/v1/actions").json()
    assert [one["id"] for one in listed["items"]] == [done.json()["id"]]
    for verb in ("questions", "attachments", "actions", f"attachments/{file.json()['id']}"):
        assert cole.get(f"{at}/{verb}").status_code == 404
    assert cole.post(f"{at}/questions", {"text": "x"}, content_type="application/json").status_code == 404
    assert cole.post(f"{at}/actions", draft, content_type="application/json").status_code == 404
    assert cole.get("/api/v1/actions").json() == {"items": []}


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("questions", {"text": "  "}),
        ("questions", {"text": "x" * 4001}),
        ("actions", {"kind": "shot"}),
        ("actions", {"kind": "warned", "target": "customer", "what": "C", "effective_at": "yesterday", "reason": "r"}),
        (
            "actions",
            {
                "kind": "warned",
                "target": "customer",
                "what": "C",
                "effective_at": "2026-11-03T00:00:00Z",
                "until": "2026-11-02T00:00:00Z",
                "reason": "r",
            },
        ),
    ],
)
def test_what_is_malformed_is_told_by_field(
    verb: str, body: dict[str, Any], program: Callable[[str], Client], received: Callable[..., Hop]
) -> None:
    hop = received("P1")
    answer = program("P1").post(f"/api/v1/requests/{hop.request_id}/{verb}", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["where"]


def test_an_answer_by_the_api_may_say_more_and_is_kept_as_it_came(
    program: Callable[[str], Client], received: Callable[..., Hop]
) -> None:
    hop, bell = received("P1"), program("P1")
    body = {
        "request_id": hop.request_id,
        "provider": "P1",
        "answer": "customer_named",
        "customer": "C-77",
        "details": {"customer": {"business": "Acme Leads LLC"}, "certified_by": "Bell", "action": "warned"},
    }
    sent = bell.post(f"/api/v1/requests/{hop.request_id}/answer", body, content_type="application/json")
    assert sent.status_code == 202, sent.content
    kept = Response.objects.get(hop=hop).body
    assert kept["details"]["customer"]["business"] == "Acme Leads LLC"
    plain = {name: value for name, value in body.items() if name != "details"}
    other = received("P1", called=12025550199)
    plain["request_id"] = other.request_id
    bell.post(f"/api/v1/requests/{other.request_id}/answer", plain, content_type="application/json")
    assert "details" not in Response.objects.get(hop=other).body  # who says no more is kept as before
