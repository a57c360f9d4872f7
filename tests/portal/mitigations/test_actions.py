"""What providers did about the source: recorded, recorded anew, verified, and whether it came back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection

from hopback.portal.audit.verify import verify
from hopback.portal.embedded import seal_log
from hopback.portal.mitigations.models import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from hopback.portal.tracebacks.models import Hop

DONE = {
    "kind": "suspended",
    "target": "customer",
    "what": "C-77",
    "effective_at": "2026-01-05",
    "reason": "third time",
}


def test_an_action_is_recorded_recorded_anew_and_verified(
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
    today: datetime,
) -> None:
    hop, bell, ada = received("P1"), signed_in("Bell"), signed_in("Ada")
    bell.post(f"/requests/{hop.request_id}/", filled("customer"))
    page = f"/mitigations/for/{hop.request_id}/"
    assert 'value="C-77"' in bell.get(page).content.decode()
    assert bell.post(page, DONE | {"reason": ""}).status_code == 422
    assert bell.post(page, DONE | {"until": "2026-01-04"}).status_code == 422
    for _ in range(2):  # sent twice
        assert bell.post(page, DONE).status_code == 302
    first = Action.objects.get()
    assert (first.customer, first.recurrence, first.on_behalf) == ("C-77", 0, False)
    assert bell.post(f"{page}?instead={first.pk}", DONE | {"kind": "terminated"}).status_code == 302
    assert bell.post(f"{page}?instead={first.pk}", DONE | {"kind": "warned"}).status_code == 409
    listed = ada.get("/mitigations/").content.decode()
    assert "Terminated" in listed
    assert f"/mitigations/{first.pk}/" not in listed
    second = Action.objects.get(replaces=first)
    assert bell.post(f"/mitigations/{second.pk}/", {"how": "seen"}).status_code == 404
    assert ada.post(f"/mitigations/{second.pk}/", {"how": ""}).status_code == 422
    assert ada.post(f"/mitigations/{second.pk}/", {"how": "the letter"}).status_code == 302
    assert ada.post(f"/mitigations/{second.pk}/", {"how": "again"}).status_code == 409
    assert "the letter" in ada.get(f"/mitigations/{second.pk}/").content.decode()
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute("UPDATE mitigations_action SET what = 'x'")
    seal_log(at=today + timedelta(hours=2))
    assert verify().rows["mitigations.action"] == 2


def test_it_is_counted_how_often_it_came_before_and_came_back(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    bell, ada = signed_in("Bell"), signed_in("Ada")
    hops = [received("P1", called=12025550100 + number) for number in range(3)]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    bell.post(f"/requests/{hops[0].request_id}/", filled("customer"))
    bell.post(f"/mitigations/for/{hops[0].request_id}/", DONE | {"effective_at": yesterday})
    for hop in hops[1:]:
        assert bell.post(f"/requests/{hop.request_id}/", filled("customer")).status_code == 302
    other = received("P1", called=12025550190)
    bell.post(f"/requests/{other.request_id}/", filled("customer", account="C-1"))
    row = Action.objects.get()
    assert "2 later requests to the same provider" in ada.get(f"/mitigations/{row.pk}/").content.decode()
    bell.post(f"/mitigations/for/{hops[2].request_id}/", DONE | {"kind": "terminated"})
    assert Action.objects.get(kind="terminated").recurrence in {0, 2}


def test_the_consortium_narrows_its_list_and_writes_down_what_it_was_told(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, ada = received("P1"), signed_in("Ada")
    assert ada.post(f"/mitigations/for/{hop.request_id}/", DONE).status_code == 302
    assert Action.objects.get().on_behalf
    assert signed_in("Otto").get("/mitigations/").status_code == 200
    assert signed_in("Otto").get(f"/mitigations/for/{hop.request_id}/").status_code == 404
    for query, count in (("kind=suspended", 1), ("kind=warned", 0), ("provider=P1", 1), ("provider=P2", 0)):
        assert ada.get(f"/mitigations/?{query}").content.decode().count("C-77") == count, query
    assert ada.get("/mitigations/?verified=no&target=customer").content.decode().count("C-77") == 1
    assert ada.get("/mitigations/?kind=%00&after=x").status_code == 400
    for person in ("Dana", "Cole"):
        assert "C-77" not in signed_in(person).get("/mitigations/").content.decode()
    for person in ("Fay", "Sol"):
        assert signed_in(person).get("/mitigations/").status_code == 404
