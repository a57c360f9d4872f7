from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from hopback.kernel.calls import Sought
from hopback.kernel.errors import Refused
from hopback.portal.accounts.actions import issue_key, revoke_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.api import api
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.verify import verify
from hopback.portal.clock import use_clock
from hopback.portal.config import Configuration
from hopback.portal.embedded import issue_keys, open_call, results, run_clocks, take_decisions, use
from hopback.portal.tracebacks.models import Hop, Response
from hopback.wire.hops import HopRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.wire.hops import HopAnswer

pytestmark = pytest.mark.usefixtures("directory")

ADA = Actor("ada", Role.LEAD)


def client_of(provider: str, *, scopes: tuple[str, ...] = ("hops",)) -> Client:
    secret = issue_key(
        SYSTEM, Organisation.objects.get(pk=provider), at=datetime.now(UTC), lasts=timedelta(hours=1), scopes=scopes
    )
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def bell() -> Client:
    return client_of("P1")


@pytest.fixture
def cole() -> Client:
    return client_of("P2")


@pytest.fixture
def trace() -> str:
    now = datetime.now(UTC)
    sample = Sought(12025550143, 13125550188, now - timedelta(days=1), 60.0, duration_s=31.0, answered=True)
    return open_call("K1", sample, terminating="P1", at=now, campaign="parcel fee", identity="eyJ.header")


def post(client: Client, request_id: str, verb: str, body: Any = None, **headers: str) -> Any:
    data = body.model_dump_json() if body is not None and not isinstance(body, str | dict) else body or {}
    return client.post(
        f"/api/v1/requests/{request_id}/{verb}", data, content_type="application/json", headers=headers or None
    )


def requests_to(client: Client) -> list[HopRequest]:
    response = client.get("/api/v1/requests")
    assert response.status_code == 200
    return [HopRequest.model_validate(one) for one in response.json()]


def test_a_provider_fetches_what_it_is_asked_and_that_is_the_delivery(trace: str, bell: Client) -> None:
    (request,) = requests_to(bell)
    assert request.called == "+12025550143"
    assert (request.identity, request.campaign, request.duration_s, request.answered) == (
        "eyJ.header",
        "parcel fee",
        31.0,
        True,
    )
    hop = Hop.objects.get()
    assert hop.state == "delivered"
    assert hop.respond_by is not None
    assert requests_to(bell) == [request]
    assert Hop.objects.get().received_at == hop.received_at
    assert trace not in json.dumps(bell.get("/api/v1/requests").json())


def test_an_answer_posted_twice_counts_once(trace: str, bell: Client, answer: Callable[..., HopAnswer]) -> None:
    (request,) = requests_to(bell)
    said = answer(request, "P1", upstream="P2")
    for _ in range(2):
        response = post(bell, request.request_id, "answer", said)
        assert response.status_code == 202
    assert Response.objects.count() == 1
    assert Hop.objects.count() == 2
    assert requests_to(bell) == []


def test_a_key_of_the_senders_own_counts_once_as_well(
    trace: str, bell: Client, answer: Callable[..., HopAnswer]
) -> None:
    (request,) = requests_to(bell)
    said = answer(request, "P1", kind="ambiguous")
    assert post(bell, request.request_id, "answer", said, **{"Idempotency-Key": "a1"}).status_code == 202
    assert post(bell, request.request_id, "answer", said, **{"Idempotency-Key": "a1"}).status_code == 202
    other = answer(request, "P1", customer="C-1")
    response = post(bell, request.request_id, "answer", other, **{"Idempotency-Key": "a1"})
    assert (response.status_code, response.json()["reason"]) == (409, "key_reused")
    assert Response.objects.count() == 1


def test_the_next_provider_learns_who_received_the_call_and_nothing_else(
    trace: str, bell: Client, cole: Client, answer: Callable[..., HopAnswer]
) -> None:
    (first,) = requests_to(bell)
    post(bell, first.request_id, "answer", answer(first, "P1", upstream="P2"))
    (second,) = requests_to(cole)
    assert (second.downstream, second.identity, second.sip_call_id) == ("P1", None, "x")
    post(cole, second.request_id, "answer", answer(second, "P2", upstream="P5"))
    # five hops on, Bell's view has not changed
    shown = json.dumps(bell.get(f"/api/v1/requests/{first.request_id}").json())
    for secret in ("P2", "P5", second.request_id, trace):
        assert secret not in shown


def test_anothers_request_is_as_unknown_as_none(
    trace: str, bell: Client, cole: Client, answer: Callable[..., HopAnswer]
) -> None:
    (request,) = requests_to(bell)
    assert requests_to(cole) == []
    said = answer(request, "P2", customer="C-1")
    replies = [
        [client.get(f"/api/v1/requests/{name}"), post(client, name, "answer", said), post(client, name, "acknowledge")]
        for client, name in ((cole, request.request_id), (cole, "R000000000000000000000000"))
    ]
    for mine, none in zip(*replies, strict=True):
        assert mine.status_code == none.status_code == 404
        assert mine.json() == json.loads(
            none.content.replace(b"R000000000000000000000000", request.request_id.encode())
        )
    assert not Response.objects.exists()


def test_dana_sees_nothing(trace: str, bell: Client) -> None:
    (request,) = requests_to(bell)
    for dana in (
        Client(),
        Client(headers={"Authorization": "Bearer hb_00000000_guessed"}),
        Client(headers={"Authorization": "Basic ZGFuYTpkYW5h"}),
    ):
        for response in (
            dana.get("/api/v1/requests"),
            dana.get(f"/api/v1/requests/{request.request_id}"),
            post(dana, request.request_id, "answer", "{}"),
            post(dana, request.request_id, "acknowledge"),
        ):
            assert response.status_code == 401
            assert response["WWW-Authenticate"].startswith("Bearer")
            assert response["Content-Type"] == "application/problem+json"
            assert request.request_id not in response.content.decode()


def test_a_revoked_key_and_one_for_other_things_let_nobody_in(trace: str) -> None:
    secret = issue_key(ADA, Organisation.objects.get(pk="P1"), at=datetime.now(UTC), lasts=timedelta(hours=1))
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/requests").status_code == 200
    revoke_key(ADA, secret[:11], at=datetime.now(UTC))
    assert client.get("/api/v1/requests").status_code == 401
    response = client_of("P1", scopes=("webhooks",)).get("/api/v1/requests")
    assert (response.status_code, response.json()["code"]) == (403, "refused")
    assert Leaf.objects.filter(is_refusal=True, action="key.used").count() == 1


def test_an_answer_in_anothers_name_is_refused(trace: str, bell: Client, answer: Callable[..., HopAnswer]) -> None:
    (request,) = requests_to(bell)
    assert post(bell, request.request_id, "answer", answer(request, "P2", customer="C-1")).status_code == 404
    moved = answer(request, "P1", customer="C-1").model_copy(update={"request_id": "R1"})
    assert post(bell, request.request_id, "answer", moved).status_code == 404
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("{", ""),
        ("[]", "answer"),
        ('{"request_id": "R", "provider": "P1", "answer": "perhaps"}', "answer.answer"),
        ('{"request_id": "R", "provider": "P1", "answer": "ambiguous", "confidence": 2}', "answer.confidence"),
        (
            '{"request_id": "R", "provider": "P1", "answer": "ambiguous", "found_at": "2026-11-02T12:00:00"}',
            "answer.found_at",
        ),
    ],
)
def test_a_malformed_message_is_named_by_its_field(trace: str, bell: Client, body: str, where: str) -> None:
    (request,) = requests_to(bell)
    response = post(bell, request.request_id, "answer", body)
    assert response.status_code in (400, 422)
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem.get("where", "") == where


def test_what_the_process_does_not_allow_is_a_conflict_and_recorded(
    trace: str, bell: Client, answer: Callable[..., HopAnswer]
) -> None:
    (request,) = requests_to(bell)
    itself = post(bell, request.request_id, "answer", answer(request, "P1", upstream="P1"))
    assert (itself.status_code, itself.json()["code"]) == (422, "bad_input")
    silence = post(bell, request.request_id, "answer", answer(request, "P1", kind="no_answer"))
    assert silence.status_code == 422
    post(bell, request.request_id, "answer", answer(request, "P1", upstream="P2"))
    acknowledged = post(bell, request.request_id, "acknowledge")
    assert (acknowledged.status_code, acknowledged.json()["reason"]) == (409, "hop_state")
    assert Leaf.objects.filter(is_refusal=True, action="hop.acknowledged").count() == 1
    verify()


def test_acknowledging_does_not_move_the_deadline(trace: str, bell: Client) -> None:
    (request,) = requests_to(bell)
    before = Hop.objects.get()
    for _ in range(2):
        assert post(bell, request.request_id, "acknowledge").status_code == 204
    after = Hop.objects.get()
    assert (after.state, after.respond_by) == ("acknowledged", before.respond_by)


def test_a_fault_of_ours_shows_nothing_of_it(trace: str, bell: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tracebacks_traceevent RENAME TO gone")
        cursor.execute("ALTER TABLE tracebacks_hop RENAME COLUMN request_id TO lost")
    response = bell.get("/api/v1/requests")
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json()["title"] == "something went wrong on our side"
    assert "request_id" not in response.content.decode()


def test_an_exercise_over_http_runs_on_its_own_clock_and_is_decided(
    portal: Configuration, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    sample = Sought(12025550143, 13125550188, noon - timedelta(days=1), 60.0)
    clients = {
        provider: Client(headers={"Authorization": f"Bearer {secret}"})
        for provider, secret in issue_keys(at=noon).items()
    }
    assert sorted(clients) == ["P1", "P2", "P5"]
    use_clock(lambda: noon)
    try:
        for call, said in (
            ("K1", {"upstream": "P3"}),
            ("K2", {"kind": "ambiguous"}),
            ("K3", {"customer": "C-1"}),
            ("K4", {"upstream": "P99"}),
        ):
            open_call(call, sample, terminating="P1", at=noon)
            (request,) = requests_to(clients["P1"])
            response = post(clients["P1"], request.request_id, "answer", answer(request, "P1", **said))
            assert response.status_code == 202
        assert take_decisions(at=noon) == 3
        run_clocks(now=noon)
    finally:
        use_clock(None)
    assert [(one.call_id, one.outcome) for one in results()] == [
        ("K1", "non_responsive"),
        ("K2", "ambiguous"),
        ("K3", "origin_identified"),
        ("K4", "needs_review"),
    ]
    assert set(Hop.objects.values_list("received_at", flat=True)) == {noon}
    verify()


def test_a_real_portal_has_the_machines_clock(portal: Configuration, noon: datetime) -> None:
    use(Configuration(data=portal.data, database=portal.database, synchronous="NORMAL"))
    with pytest.raises(Refused):
        use_clock(lambda: noon)


def test_the_contract_is_written_down(portal: Any) -> None:
    schema = api.get_openapi_schema()
    assert schema["openapi"].startswith("3.1")
    assert set(schema["paths"]) >= {
        "/api/v1/requests",
        "/api/v1/requests/{request_id}",
        "/api/v1/requests/{request_id}/acknowledge",
        "/api/v1/requests/{request_id}/answer",
    }
    assert {"HopRequest", "HopAnswer", "NextSearch"} <= set(schema["components"]["schemas"])
