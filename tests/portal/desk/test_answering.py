from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


def test_a_provider_sees_what_waits_on_it_with_the_deadline_of_its_office(
    signed_in: Callable[[str], Client], ask: Callable[..., Hop]
) -> None:
    hop = ask("P1")
    page = signed_in("Bell").get("/requests/")
    assert page.status_code == 200
    text = page.content.decode()
    assert hop.request_id in text
    assert "How this was counted" in text
    assert "America/Chicago" in text
    hop.refresh_from_db()
    assert hop.state == "delivered"  # seen by somebody signed in: received


@pytest.mark.parametrize("said", ["upstream", "foreign", "customer", "no_record", "expired", "not_ours", "unsure"])
def test_each_kind_of_answer_is_given_on_one_page(
    said: str, signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, client = received("P1"), signed_in("Bell")
    address = f"/requests/{hop.request_id}/"
    page = client.get(address)
    assert page.status_code == 200
    form = page.context["form"]
    typed = {name: form[name].value() for name in ("key", "seen", "searched_from", "searched_until", "found_at")}
    data = {name: form[name].field.widget.format_value(value) for name, value in typed.items()} | filled(said)
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.context["form"].errors
    response = Response.objects.get(hop=hop)
    assert response.body["details"]["certified_by"] == "Bell Rivers"
    hop.refresh_from_db()
    expected = {"customer": "accepted", "no_record": "accepted", "expired": "accepted"}
    assert hop.state == expected.get(said, "answered")
    again = client.post(address, data)  # sent twice
    assert again.status_code in {302, 400}
    assert Response.objects.filter(hop=hop).count() == 1
    assert client.get(address).status_code == 200
