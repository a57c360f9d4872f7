"""The library: what is published for whom, in which edition, and who said that they have read it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from hook_stub import Hooks
from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts.models import Membership, Organisation, User
from hopback.portal.audit.actors import Actor
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.jobs.working import work
from hopback.portal.library import jobs
from hopback.portal.library.access import item_of, items_of, read_items_of, unread_items_of
from hopback.portal.library.actions import Draft, Upload, draft, publish, read, revise, withdraw
from hopback.portal.library.models import File, Item, ItemKind, Receipt
from hopback.portal.library.rendering import as_html
from hopback.portal.messages.models import Announced, Message
from hopback.portal.messages.webhooks import add_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

PROVIDERS = Draft("Rules of 2027", "# New rules\n\nThey *begin* in January.", kinds=("provider",))


def page(name: str, *arguments: Any) -> str:
    return reverse(f"library:{name}", args=arguments)


@pytest.fixture
def item(actors: dict[str, Actor], noon: datetime) -> Item:
    """Something published for all providers, with a file."""
    wanted = Draft(PROVIDERS.title, PROVIDERS.body, ("provider",), (), (Upload("rules.pdf", b"%PDF"),))
    row = draft(actors["Abe"], ItemKind.DOCUMENT, wanted, at=noon)
    publish(actors["Abe"], row, notify=False, seen=1, at=noon)
    row.refresh_from_db()
    return row


def test_an_item_is_seen_by_those_it_is_for_once_it_is_published(actors: dict[str, Actor], noon: datetime) -> None:
    everywhere = draft(actors["Ada"], ItemKind.ANNOUNCEMENT, PROVIDERS, at=noon)
    named = draft(actors["Ada"], ItemKind.DOCUMENT, Draft("For some", "x", organisations=("P2", "FTC")), at=noon)

    def seen(name: str) -> set[str]:
        return set(items_of(actors[name]).values_list("title", flat=True))

    for name in ("Bell", "Cole", "Fay", "Gil", "Sol", "Dana"):
        assert seen(name) == set()
        with pytest.raises(NotFound):
            item_of(actors[name], everywhere.uid)
    assert seen("Otto") == {"Rules of 2027", "For some"}
    publish(actors["Ada"], everywhere, notify=False, seen=1, at=noon)
    publish(actors["Ada"], named, notify=False, seen=1, at=noon)
    assert seen("Bell") == {"Rules of 2027"}
    assert seen("Cole") == {"Rules of 2027", "For some"}
    assert seen("Fay") == {"For some"}
    assert seen("Gil") == seen("Sol") == set()
    withdraw(actors["Ada"], everywhere, why="It was wrong.", seen=2, at=noon)
    assert seen("Bell") == set()
    assert not items_of(Actor("key:hb_1", actors["Bell"].role, organisation="P2", scopes=frozenset())).exists()


def test_only_the_consortium_writes_and_nobody_is_overtaken(
    actors: dict[str, Actor], item: Item, noon: datetime
) -> None:
    for name in ("Otto", "Bea", "Fay", "Sol"):
        with pytest.raises(Refused):
            draft(actors[name], ItemKind.ANNOUNCEMENT, PROVIDERS, at=noon)
        with pytest.raises(Refused):
            withdraw(actors[name], item, why="x", seen=2, at=noon)
    with pytest.raises(Conflict):
        withdraw(actors["Ada"], item, why="x", seen=1, at=noon)
    with pytest.raises(Conflict):
        publish(actors["Ada"], item, notify=False, seen=2, at=noon)
    with pytest.raises(BadInput):
        withdraw(actors["Ada"], item, why=" ", seen=2, at=noon)
    with pytest.raises(BadInput):
        revise(actors["Ada"], item, PROVIDERS, keep=(), note="", is_small=False, seen=2, at=noon)
    nobody = draft(actors["Ada"], ItemKind.ANNOUNCEMENT, Draft("t", "b"), at=noon)
    with pytest.raises(BadInput, match="for nobody"):
        publish(actors["Ada"], nobody, notify=False, seen=1, at=noon)


@pytest.mark.parametrize(
    "wanted",
    [
        Draft("", "b"),
        Draft("two\nlines", "b"),
        Draft("t" * 201, "b"),
        Draft("t", " "),
        Draft("t", "b" * 100_001),
        Draft("t", "b", kinds=("bank",)),
        Draft("t", "b", organisations=("P77",)),
        Draft("t", "b", files=(Upload("x", b"x" * (10 * 2**20 + 1)),)),
        Draft("t", "b", files=(Upload("x", b"x"),) * 11),
    ],
)
def test_what_cannot_be_published_is_refused(actors: dict[str, Actor], noon: datetime, wanted: Draft) -> None:
    with pytest.raises(BadInput):
        draft(actors["Ada"], ItemKind.ANNOUNCEMENT, wanted, at=noon)
    assert not Item.objects.exists()


def test_a_person_says_once_that_they_have_read_an_edition(
    actors: dict[str, Actor], item: Item, noon: datetime
) -> None:
    bell = actors["Bell"]
    assert unread_items_of(bell).get() == item
    read(bell, item, edition=1, at=noon)
    read(bell, item, edition=1, at=noon + timedelta(hours=1))
    assert Receipt.objects.get().at == noon
    assert not unread_items_of(bell).exists()
    assert read_items_of(bell).get() == item
    assert unread_items_of(actors["Bea"]).exists()  # her colleague's word is not hers
    with pytest.raises(Refused):
        read(actors["Fay"], item, edition=1, at=noon)
    with pytest.raises(Conflict):
        read(actors["Bea"], item, edition=2, at=noon)
    program = Actor("key:hb_1", bell.role, provider="P1", organisation="P1", scopes=frozenset({"hops"}))
    with pytest.raises(Refused):
        read(program, item, edition=1, at=noon)
    seal(at=noon)
    rows = verify().rows
    assert (rows["library.edition"], rows["library.editionfile"], rows["library.receipt"]) == (1, 1, 1)
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM library_receipt")


def test_a_new_edition_is_unread_and_a_small_correction_is_not(
    actors: dict[str, Actor], item: Item, noon: datetime
) -> None:
    bell = actors["Bell"]
    read(bell, item, edition=1, at=noon)
    small = revise(actors["Abe"], item, PROVIDERS, keep=(1,), note="A typo.", is_small=True, seen=2, at=noon)
    assert not unread_items_of(bell).exists()
    assert [file.name for file in small.editions.get(number=2).files.all()] == ["rules.pdf"]
    revise(actors["Abe"], small, PROVIDERS, keep=(), note="February.", is_small=False, seen=3, at=noon)
    assert unread_items_of(bell).exists()
    with pytest.raises(Conflict):
        read(bell, item, edition=2, at=noon)
    read(bell, item, edition=3, at=noon)
    assert not unread_items_of(bell).exists()
    assert File.objects.count() == 1


def test_the_people_it_is_for_are_written_to_once_with_a_link_and_no_content(
    actors: dict[str, Actor], cast: dict[str, User], noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    Membership.objects.filter(user=cast["Cole"]).update(ended=noon)
    row = draft(actors["Abe"], ItemKind.ANNOUNCEMENT, PROVIDERS, at=noon)
    publish(actors["Abe"], row, notify=True, seen=1, at=noon)
    work(now=noon, until=noon)
    letters = Message.objects.filter(kind="library.notice")
    assert sorted(letters.values_list("mailbox", "organisation")) == [
        ("bea@example.org", "P1"),
        ("bell@example.org", "P1"),
        ("dana@example.org", "P9"),
    ]
    letter = letters.first()
    assert letter is not None
    assert "January" not in letter.text
    assert page("item", row.uid) in letter.text
    jobs.notify({"item": row.uid, "edition": 1}, at=noon)
    assert letters.count() == 3


def test_nobody_is_written_to_once_it_is_withdrawn(actors: dict[str, Actor], noon: datetime) -> None:
    row = draft(actors["Abe"], ItemKind.ANNOUNCEMENT, PROVIDERS, at=noon)
    publish(actors["Abe"], row, notify=True, seen=1, at=noon)
    withdraw(actors["Abe"], row, why="Too early.", seen=2, at=noon)
    work(now=noon, until=noon)
    assert not Message.objects.exists()


def test_programs_that_listen_are_told_an_id_and_a_url(actors: dict[str, Actor]) -> None:
    at = datetime.now(UTC)
    with Hooks() as hooks:
        _, secret = add_endpoint(actors["Bea"], "P1", url=hooks.url, mailbox="ops@example.org", at=at)
        row = draft(actors["Abe"], ItemKind.ANNOUNCEMENT, PROVIDERS, at=at)
        publish(actors["Abe"], row, notify=False, seen=1, at=at)
        work(now=at, until=at)
        told = hooks.verified(secret)
    assert told["type"] == "library.published"
    assert set(told["data"]) == {"item", "kind", "edition", "url"}
    assert Announced.objects.get().organisation == "P1"


def test_a_text_is_shown_as_safe_html() -> None:
    html = as_html(
        "# One\n\n## Two\n\n<script>alert(1)</script> ![x](https://e/x.png) [a](javascript:alert(1)) "
        "[b](https://example.org/?a=1&b=2) **c** <b onclick=x>d</b>\n\n- e\n\n    code <i>\n"
    )
    assert "<h2>One</h2>" in html
    assert "<h3>Two</h3>" in html
    assert "<h1" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert '<a href="https://example.org/?a=1&amp;b=2">b</a>' in html
    assert "<strong>c</strong>" in html
    assert "&lt;b onclick=x&gt;" in html


@given(st.text(alphabet="<>&\"'[]()!*_`#-: \n\tjavascriptdtahlps/=xon", max_size=120))
def test_no_text_brings_in_a_tag_of_its_own(text: str) -> None:
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9!]+)", as_html(text)))
    assert tags <= {
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "a",
        "em",
        "strong",
        "code",
        "pre",
        "br",
        "hr",
        "blockquote",
    }
    links = re.findall(r'href="([^"]*)"', as_html(text))
    assert all(link.startswith(("http", "mailto:")) for link in links)


# Pages


def test_an_analyst_writes_publishes_and_sees_who_has_read(signed_in: Callable[[str], Client], noon: datetime) -> None:
    abe = signed_in("Abe")
    said = {
        "kind": "document",
        "title": "Rules",
        "body": "New <b>rules</b>.",
        "kinds": ["provider"],
        "organisations": "FTC",
    }
    assert abe.post(page("write"), said | {"organisations": "P77"}).status_code == 422
    assert abe.post(page("write"), said | {"title": ""}).status_code == 422
    upload = SimpleUploadedFile('../ru"les.pdf', b"%PDF", content_type="text/html")
    assert abe.post(page("write"), said | {"attached": upload}).status_code == 302
    row = Item.objects.get()
    assert "A draft" in abe.get(page("item", row.uid)).content.decode()
    assert "for 7 organisations" in abe.get(page("publish", row.uid)).content.decode()
    assert abe.post(page("publish", row.uid), {"seen": 9}).status_code == 409
    assert abe.post(page("publish", row.uid), {"seen": 1, "notify": "on"}).status_code == 302
    bell = signed_in("Bell")
    assert "Rules" in bell.get(page("list")).content.decode().partition("<h2>Read</h2>")[0]
    text = bell.get(page("item", row.uid)).content.decode()
    assert "New &lt;b&gt;rules" in text
    assert not Receipt.objects.exists()  # opening it is no receipt
    for nothing in ("FTC", "Abe", "All providers", page("readers", row.uid)):
        assert nothing not in text
    assert bell.get(page("read", row.uid)).status_code == 405
    file = bell.get(page("file", row.uid, 1, 1))
    assert (file.content, file.headers["Content-Type"]) == (b"%PDF", "application/octet-stream")
    assert file.headers["Content-Disposition"] == 'attachment; filename="ru_les.pdf"'
    assert bell.post(page("read", row.uid), {"edition": 2}).status_code == 409
    assert bell.post(page("read", row.uid), {"edition": 1}).status_code == 302
    assert "you have read this" in bell.get(page("item", row.uid)).content.decode()
    assert "Rules" in bell.get(page("list")).content.decode().partition("<h2>Read</h2>")[2]
    for name in ("Abe", "Otto"):
        text = signed_in(name).get(page("readers", row.uid)).content.decode()
        assert "Bell," in text
        assert text.count("nobody yet") == 6


def test_a_new_edition_is_written_and_an_item_withdrawn_on_their_pages(
    signed_in: Callable[[str], Client], item: Item
) -> None:
    ada, bell = signed_in("Ada"), signed_in("Bell")
    address = page("revise", item.uid)
    assert "rules.pdf" in ada.get(address).content.decode()
    said = {"title": "Rules", "body": "In February.", "kinds": ["provider"], "keep": ["1"], "note": "Later.", "seen": 2}
    stale = ada.post(address, said | {"seen": 1})
    assert stale.status_code == 409
    assert "In February." in stale.content.decode()
    assert ada.post(address, said | {"note": ""}).status_code == 422
    assert ada.post(address, said).status_code == 302
    assert "In February." in bell.get(page("item", item.uid)).content.decode()
    old = bell.get(page("edition", item.uid, 1)).content.decode()
    assert "has taken its place" in old
    assert "I have read this" not in old
    assert bell.get(page("edition", item.uid, 9)).status_code == 404
    assert ada.post(page("withdraw", item.uid), {"why": "", "seen": 3}).status_code == 422
    assert ada.post(page("withdraw", item.uid), {"why": "Wrong.", "seen": 3}).status_code == 302
    assert bell.get(page("item", item.uid)).status_code == 404
    assert bell.get(page("file", item.uid, 1, 1)).status_code == 404
    assert "Wrong." in ada.get(page("item", item.uid)).content.decode()


def test_whom_it_is_not_for_and_who_only_reads_find_no_page(signed_in: Callable[[str], Client], item: Item) -> None:
    for name in ("Fay", "Sol"):
        client = signed_in(name)
        for one in ("item", "read", "readers", "revise", "publish", "withdraw"):
            if one != "read":
                assert client.get(page(one, item.uid)).status_code == 404
            assert client.post(page(one, item.uid), {"edition": 1}).status_code in {404, 405}
        assert client.get(page("file", item.uid, 1, 1)).status_code == 404
        assert "Rules" not in client.get(page("list")).content.decode()
    for name in ("Bell", "Bea", "Otto"):
        client = signed_in(name)
        for one in ("revise", "publish", "withdraw"):
            assert client.get(page(one, item.uid)).status_code == 404
        assert client.get(page("write")).status_code == 404
    assert signed_in("Bell").get(page("readers", item.uid)).status_code == 404
    assert not Receipt.objects.exists()


def test_a_long_library_costs_no_more_to_list(
    signed_in: Callable[[str], Client],
    actors: dict[str, Actor],
    noon: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(60):
        row = draft(actors["Abe"], ItemKind.ANNOUNCEMENT, Draft(f"No. {number}", "x", ("provider",)), at=noon)
        publish(actors["Abe"], row, notify=False, seen=1, at=noon)
    Organisation.objects.bulk_create([Organisation(id=f"X{n}", name=f"X{n}", kind="provider") for n in range(80)])
    for name in ("Abe", "Bell"):
        client = signed_in(name)
        with django_assert_max_num_queries(9):
            assert client.get(page("list")).status_code == 200
    abe = signed_in("Abe")
    with django_assert_max_num_queries(11):
        assert "after=" in abe.get(page("readers", row.uid)).content.decode()
    assert abe.get(page("list"), {"state": "draft"}).content.decode().count("<tr>") == 0
