from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, RequestFactory

from hopback.kernel.calls import Sought
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.idempotency import KEPT, forget
from hopback.portal.accounts.jobs import begin_forgetting
from hopback.portal.accounts.limits import Bucket, RateLimit
from hopback.portal.accounts.models import Organisation, Reply
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.audit.models import Leaf
from hopback.portal.embedded import open_call, use
from hopback.portal.jobs.working import work
from hopback.portal.tracebacks.models import Response

if TYPE_CHECKING:
    from pathlib import Path

    from hopback.portal.config import Configuration

pytestmark = pytest.mark.usefixtures("directory")


def client_of(provider: str) -> Client:
    organisation = Organisation.objects.get(pk=provider)
    secret = issue_key(SYSTEM, organisation, at=datetime.now(UTC), lasts=timedelta(hours=1))
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def asked() -> str:
    now = datetime.now(UTC)
    open_call("K1", Sought(12025550143, 13125550188, now - timedelta(days=1), 60.0), terminating="P1", at=now)
    (request,) = client_of("P1").get("/api/v1/requests").json()
    identity: str = request["request_id"]
    return identity


def answer(request_id: str, **said: Any) -> dict[str, Any]:
    body = {"request_id": request_id, "provider": "P1", "answer": "customer_named", "customer": "C-1"}
    return body | {"found_at": datetime.now(UTC).isoformat(), "source": "core", "confidence": 0.9} | said


def post(client: Client, address: str, body: Any, key: str) -> Any:
    headers = {"Idempotency-Key": key}
    return client.post(address, data=body, content_type="application/json", headers=headers)


def test_the_same_request_under_the_same_key_is_answered_the_same_and_counts_once(asked: str) -> None:
    bell = client_of("P1")
    first = post(bell, f"/api/v1/requests/{asked}/answer", answer(asked), "k-1")
    leaves = Leaf.objects.count()
    second = post(bell, f"/api/v1/requests/{asked}/answer", answer(asked) | first.json(), "k-1")
    assert first.status_code == 202
    assert (second.status_code, second.json()["reason"]) == (409, "key_reused")  # another body
    third = bell.post(
        f"/api/v1/requests/{asked}/acknowledge", content_type="application/json", headers={"Idempotency-Key": "k-2"}
    )
    again = bell.post(
        f"/api/v1/requests/{asked}/acknowledge", content_type="application/json", headers={"Idempotency-Key": "k-2"}
    )
    assert third.status_code == again.status_code
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == third.content
    assert Response.objects.count() == 1
    assert Leaf.objects.count() == leaves + 1


def test_another_senders_key_of_the_same_text_is_another_key(asked: str) -> None:
    post(client_of("P1"), f"/api/v1/requests/{asked}/acknowledge", {}, "same")
    other = post(client_of("P2"), f"/api/v1/requests/{asked}/acknowledge", {}, "same")
    assert other.status_code == 404
    assert "Idempotency-Replayed" not in other.headers


def test_a_refusal_is_kept_as_well_and_its_audit_entry_stays(asked: str) -> None:
    bell = client_of("P1")
    wrong = answer(asked, answer="no_answer", customer=None)
    first = post(bell, f"/api/v1/requests/{asked}/answer", wrong, "k-3")
    count = Leaf.objects.count()
    again = post(bell, f"/api/v1/requests/{asked}/answer", wrong, "k-3")
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Leaf.objects.count() == count


def test_without_a_good_key_nothing_is_kept(asked: str) -> None:
    assert post(Client(), f"/api/v1/requests/{asked}/acknowledge", {}, "k-4").status_code == 401
    assert not Reply.objects.exists()


def test_old_replies_are_forgotten(asked: str) -> None:
    post(client_of("P1"), f"/api/v1/requests/{asked}/acknowledge", {}, "k-5")
    now = datetime.now(UTC)
    assert forget(at=now) == 0
    assert forget(at=now + KEPT + timedelta(minutes=1)) == 1


def test_a_worker_forgets_them_by_itself(asked: str) -> None:
    post(client_of("P1"), f"/api/v1/requests/{asked}/acknowledge", {}, "k-6")
    now = datetime.now(UTC)
    begin_forgetting(at=now)
    work(now=now, until=now + timedelta(hours=1))
    assert Reply.objects.exists()
    work(now=now, until=now + KEPT + timedelta(hours=7))
    assert not Reply.objects.exists()


def test_a_bucket_fills_again_with_time_and_each_sender_has_its_own() -> None:
    bucket = Bucket(3)
    assert [bucket.take("a", at=0.0)[0] for _ in range(3)] == [2, 1, 0]
    _, wait = bucket.take("a", at=0.0)
    assert wait == pytest.approx(20)
    assert bucket.take("b", at=0.0) == (2, 0.0)
    assert bucket.take("a", at=20.0)[1] == 0.0


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path, portal: Configuration) -> None:
    use(portal.model_copy(update={"exercise": False, "api_rate": 2}))
    limited = RateLimit(lambda _request: Client().get("/api/v1/requests"))  # type: ignore[arg-type, return-value]

    answers = [limited(RequestFactory().get("/api/v1/requests")) for _ in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert answers[-1]["Content-Type"] == "application/problem+json"
