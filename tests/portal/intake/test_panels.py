"""The sample on the page of the traceback it became."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from hopback.portal.intake.models import CallSample


def test_a_candidates_page_has_the_transcript_and_leads_to_where_it_is_vetted(
    sample: CallSample, signed_in: Callable[[str], Client]
) -> None:
    page = reverse("tracebacks:page", args=[sample.traceback_id])
    text = signed_in("Abe").get(page).content.decode()
    assert "Your power will be cut off within the hour." in text
    assert f'<a class="usa-button" href="{reverse("intake:sample", args=[sample.pk])}">Vet it</a>' in text
    assert "Vet it" not in signed_in("Otto").get(page).content.decode()
    for name in ("Sol", "Dana", "Bell"):
        assert signed_in(name).get(page).status_code == 404
