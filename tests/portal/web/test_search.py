"""Search: numbers in any spelling, words and their beginnings; and nobody finds what is not theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import NOBODY, SYSTEM, Actor, Role
from hopback.portal.jobs.working import work
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import STANDARD
from hopback.portal.tracebacks.reading import requests_of
from hopback.portal.web.finding import find
from hopback.portal.web.indexing import reindex
from hopback.portal.web.models import SearchEntry
from hopback.portal.web.words import number_words, score, snippet, tokens, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.test import Client

    from hopback.kernel.calls import Sought
    from hopback.wire.hops import HopAnswer

ADA = Actor("ada", Role.LEAD)
BELL = Actor("bell", Role.PROVIDER, provider="P1")
COLE = Actor("cole", Role.PROVIDER, provider="P2")
DANA = Actor("dana", Role.PROVIDER, provider="P9")


@pytest.fixture
def searched(cast: object, sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]) -> Traceback:
    """A traceback from P1 on to P2, both asked, with a note; its words are taken down by what it owes."""
    trace = actions.propose_sample(
        ADA,
        STANDARD.version,
        sample,
        at=noon,
        source="honeypot-7",
        source_kind=SourceKind.HONEYPOT,
        terminating="P1",
        campaign="Crédit card <b>refund</b>",
        reference="REF-2026-77",
    )
    row = Traceback.objects.get(pk=trace.id)
    actions.vet(ADA, row, at=noon, reason="a known script", basis=("transcript",), violations=("no consent",))
    actions.open_traceback(ADA, row, at=noon)
    hop = Hop.objects.select_related("traceback").get()
    actions.record_delivery(SYSTEM, hop, at=noon, received=noon, proof="accepted")
    request = requests_of([hop])[0]
    actions.answer_hop(BELL, hop, answer(request, "P1", upstream="P2", why=("came over trunk Zebra",)), at=noon)
    actions.note(ADA, row, at=noon, text="Speak to Quigley first")
    work(now=noon, until=noon + timedelta(minutes=1))
    return Traceback.objects.get()


def keys(actor: Actor, query: str) -> set[str]:
    return {hit.key for hit in find(actor, query)}


@pytest.mark.parametrize(
    "query",
    [
        "+12025550143",
        "(202) 555-0143",
        "202.555.0143",
        "1 202 555 0143",
        "202555",
        "3125550188",
        "REF-2026-77",
        "ref 77",
        "credit",
        "CRÉDIT refund",
        "zebra",
        "quig",
        "honeypot",
        "coalbrook",
        "bellw zebra",
    ],
)
def test_the_consortium_finds_a_traceback_by(searched: Traceback, query: str) -> None:
    assert searched.pk in keys(ADA, query)


@pytest.mark.parametrize(
    "query", ["", "   ", "?!", "zebra giraffe", "9995550143", "' OR 1=1 --", '"', "a*b:c^", "NEAR("]
)
def test_what_nothing_holds_finds_nothing_and_breaks_nothing(searched: Traceback, query: str) -> None:
    assert keys(ADA, query) == set()


def test_a_provider_finds_its_own_requests_by_what_it_is_shown_and_nothing_else(searched: Traceback) -> None:
    first, second = Hop.objects.order_by("number")
    assert keys(BELL, "2025550143") == {first.request_id}
    assert keys(BELL, "zebra") == {first.request_id}
    assert keys(COLE, "2025550143") == {second.request_id}
    assert keys(COLE, "zebra") == set()
    for query in (searched.pk, "REF-2026-77", "quigley", "honeypot", "Silent Ridge", second.request_id):
        assert keys(BELL, query) == set(), query


@pytest.mark.parametrize(
    "actor", [DANA, NOBODY, Actor("fay", Role.AGENCY, organisation="FTC"), Actor("s", Role.SOURCE)]
)
def test_whoever_has_nothing_finds_nothing(searched: Traceback, actor: Actor) -> None:
    for query in ("2025550143", "zebra", "bellwether", "credit", searched.pk, "P1"):
        assert find(actor, query) == []


def test_another_jurisdiction_s_tracebacks_are_not_found(searched: Traceback) -> None:
    assert keys(Actor("lou", Role.LEAD, jurisdictions=frozenset({"ca"})), "2025550143") == set()


def test_what_changes_is_found_by_its_new_words(searched: Traceback, noon: datetime) -> None:
    assert keys(ADA, "xylophone") == set()
    actions.note(ADA, searched, at=noon, text="xylophone")
    work(now=noon, until=noon + timedelta(minutes=5))
    assert keys(ADA, "xylophone") == {searched.pk}
    assert SearchEntry.objects.filter(kind="traceback").count() == 1


def test_reindexing_takes_everything_down_and_twice_is_once(searched: Traceback) -> None:
    SearchEntry.objects.all().delete()
    assert keys(ADA, "bellwether") == set()
    call_command("reindex", verbosity=0)
    before = SearchEntry.objects.count()
    assert keys(ADA, "bellwether") >= {"P1", searched.pk}
    assert find(ADA, "bellwether")[0].kind == "provider"
    reindex()
    assert SearchEntry.objects.count() == before


def test_the_page_escapes_what_it_found_and_marks_the_hit(
    searched: Traceback, signed_in: Callable[[str], Client]
) -> None:
    page = signed_in("Ada").get("/search/?q=refund")
    assert page.status_code == 200
    assert b"&lt;b&gt;" in page.content
    assert b"<b>refund" not in page.content
    assert b"<mark>refund</mark>" in page.content
    assert b'value="refund"' in page.content
    assert signed_in("Otto").get("/search/?q=refund&kind=campaign").status_code == 200


def test_people_who_have_nothing_see_nothing_on_the_page(
    searched: Traceback, signed_in: Callable[[str], Client]
) -> None:
    dana = signed_in("Dana").get("/search/?q=bellwether")
    assert dana.status_code == 200
    assert dana.context["hits"] == []
    bell = signed_in("Bell").get("/search/?q=zebra")
    assert len(bell.context["hits"]) == 1
    assert searched.pk.encode() not in bell.content
    assert signed_in("Fay").get("/search/?q=zebra").status_code == 404


def test_a_number_is_one_word_however_it_is_written() -> None:
    assert tokens("call (202) 555-0143 now") == ["2025550143", "call", "now"]
    assert tokens("+44 20 7946 0958") == ["2079460958"]
    assert number_words("+44 20 7946 0958") == ["442079460958", "2079460958"]
    assert number_words("on 2026-11-02 18:00") == []
    assert "2025550143" in words_of("+1 (202) 555-0143").split()


def test_whole_words_and_titles_come_first() -> None:
    assert score(["bell"], "bell", "") > score(["bell"], "bellwether", "") > score(["bell"], "", "bell")
    assert score(["bell"], "", "bell") > score(["bell"], "", "bellwether") > 0


def test_a_snippet_shows_the_hit_in_its_place() -> None:
    pieces = snippet(["2025550143"], "x" * 200 + " call +1 202 555 0143 today")
    assert [piece.text for piece in pieces if piece.is_hit] == ["+1 202 555 0143"]
    assert pieces[0].text == "…"
    assert "".join(piece.text for piece in snippet(["none"], "short")) == "short"
