"""Webhooks, posted to a real receiver on loopback and verified by the reference library."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.test import Client

from hook_stub import Hooks
from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.jobs.working import work
from hopback.portal.messages import posting as posting_module
from hopback.portal.messages.access import endpoint_of, endpoints_of, posting_of, postings_of
from hopback.portal.messages.models import Announced, Attempt, Endpoint, EndpointState, Message, Posting
from hopback.portal.messages.posting import check_url, post
from hopback.portal.messages.webhooks import (
    HUSH,
    MOST_ENDPOINTS,
    OVERLAP,
    PAUSES,
    add_endpoint,
    announce,
    announce_test,
    change_endpoint,
    declare,
    event_types,
    remove_endpoint,
    replay,
    replay_missed,
    rotate_secret,
    set_endpoint_state,
)
from kept import everything_kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hopback.portal.config import Configuration

BEA = Actor("user:6", Role.PROVIDER, provider="P1", organisation="P1", administers=True)
BELL = Actor("user:5", Role.PROVIDER, provider="P1", organisation="P1")
COLE = Actor("user:7", Role.PROVIDER, provider="P2", organisation="P2", administers=True)
OTTO = Actor("user:4", Role.AUDITOR, organisation="consortium")
KEY = Actor("key:hb_1", Role.PROVIDER, provider="P1", organisation="P1", scopes=frozenset({"webhooks"}))
OTHER_KEY = Actor("key:hb_2", Role.PROVIDER, provider="P1", organisation="P1", scopes=frozenset({"hops"}))


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as server:
        yield server


@pytest.fixture
def today() -> datetime:
    """The receiver looks at the real clock, so these tests live in the present."""
    return datetime.now(UTC)


def add(hooks: Hooks, at: datetime, **more: Any) -> tuple[Endpoint, str]:
    fields: dict[str, Any] = {"url": hooks.url, "mailbox": "ops@example.org"}
    return add_endpoint(BEA, "P1", at=at, **(fields | more))


def tell(at: datetime, *, key: str = "R1", **payload: Any) -> str | None:
    return announce("P1", "request.opened", {"request": "R1", "url": "https://x/requests/R1"} | payload, key=key, at=at)


def test_an_announcement_is_posted_signed_with_ids_and_a_url(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    _, secret = add(hooks, today)
    uid = tell(today, due=today)
    work(now=today, until=today)
    told = hooks.verified(secret)
    assert told == {
        "type": "request.opened",
        "timestamp": today.isoformat(),
        "data": {"request": "R1", "url": "https://x/requests/R1", "due": today.isoformat()},
    }
    headers, body = hooks.seen[0]
    assert headers["webhook-id"] == uid
    assert headers["Content-Type"] == "application/json"
    assert Announced.objects.get().body == body.decode()
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.status, attempt.reply, attempt.error) == (1, 200, "thanks", "")
    assert Posting.objects.get().state == "delivered"
    assert hooks.verified("whsec_" + "A" * 43 + "=") is None
    seal(at=today)
    assert verify().rows["messages.announced"] == 1


def test_one_thing_is_announced_once_to_each_endpoint_that_wants_it(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    add(hooks, today)
    add(hooks, today, types=["request.closed"])
    add(hooks, today, types=["request.opened"])
    assert tell(today) == tell(today)
    assert announce("P2", "request.opened", {}, key="R1", at=today) is None
    work(now=today, until=today)
    assert len(hooks.seen) == 2
    assert Announced.objects.count() == 1


def test_nothing_but_ids_travels(portal: Configuration, hooks: Hooks, today: datetime) -> None:
    add(hooks, today)
    for wrong in ({"note": "x" * 301}, {"call": {"from": "1"}}, {"list": [1]}):
        with pytest.raises(BadInput):
            tell(today, **wrong)
    with pytest.raises(BadInput):
        announce("P1", "request.exploded", {}, key="x", at=today)
    declare("request.exploded", "For this test.")
    assert "request.exploded" in event_types()
    assert not Announced.objects.exists()


def test_a_failing_endpoint_is_tried_on_the_schedule_and_then_given_up_and_replayed_by_a_person(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    _, secret = add(hooks, today)
    tell(today)
    hooks.says = [(500, {}, "x" * 5000)] * (len(PAUSES) + 1)
    settings.CONFIGURATION = portal.model_copy(update={"webhook_fails_for_days": 30})
    work(now=today, until=today + timedelta(days=5))
    posting = Posting.objects.get()
    assert (posting.state, posting.attempts, posting.due_at) == ("dead", len(PAUSES) + 1, None)
    log = list(Attempt.objects.order_by("number"))
    assert [row.status for row in log] == [500] * (len(PAUSES) + 1)
    assert {len(row.reply) for row in log} == {1024}
    gaps = [(later.at - sooner.at).total_seconds() for sooner, later in pairwise(log)]
    assert gaps == pytest.approx([pause.total_seconds() for pause in PAUSES], abs=1)
    assert len({headers["webhook-id"] for headers, _ in hooks.seen}) == 1
    now = datetime.now(UTC)
    for stranger in (COLE, BELL, OTTO, OTHER_KEY):
        with pytest.raises(Refused):
            replay(stranger, posting, at=now)
    replay(BEA, posting, at=now)
    with pytest.raises(Conflict):
        replay(KEY, Posting.objects.get(), at=now)
    work(now=now, until=now)
    assert Posting.objects.get().state == "delivered"
    assert hooks.verified(secret)["data"]["request"] == "R1"
    assert Endpoint.objects.get().failing_since is None


def test_when_to_come_back_is_heeded_and_redirects_are_not_followed(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    add(hooks, today)
    tell(today)
    hooks.says = [(503, {"Retry-After": "600"}, ""), (302, {"Location": hooks.url}, "")]
    work(now=today, until=today)
    due = Posting.objects.get().due_at
    assert due is not None
    assert timedelta(seconds=600) <= due - today < timedelta(seconds=605)
    work(now=due, until=due)
    assert [row.status for row in Attempt.objects.order_by("pk")] == [503, 302]
    assert len(hooks.seen) == 2


@pytest.mark.parametrize("how", ["gone", "for days"])
def test_an_endpoint_that_is_gone_or_fails_for_days_is_disabled_with_a_mail(
    portal: Configuration, hooks: Hooks, today: datetime, how: str
) -> None:
    endpoint, _ = add(hooks, today)
    tell(today)
    if how == "gone":
        hooks.says = [(410, {}, "")]
    else:
        hooks.says = [(500, {}, "")] * 40
        for day in range(1, 6):
            tell(today + timedelta(days=day), key=f"R{day}")
            work(now=today + timedelta(days=day), until=today + timedelta(days=day))
    end = today + timedelta(days=9)
    work(now=end, until=end)
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.DISABLED
    letter = Message.objects.get()
    assert (letter.kind, letter.mailbox, letter.organisation) == ("webhook.disabled", "ops@example.org", "P1")
    assert hooks.url in letter.text
    tell(end, key="later")
    work(now=end, until=end)
    held = Posting.objects.get(announced__key="later")
    assert held.state == "held"
    with pytest.raises(Refused):
        replay(BEA, held, at=end)
    with pytest.raises(Conflict):
        set_endpoint_state(BEA, endpoint, EndpointState.ACTIVE, seen=1, at=end)
    set_endpoint_state(BEA, endpoint, EndpointState.ACTIVE, seen=endpoint.version, at=end)
    hooks.says = []
    replay(BEA, posting_of(BEA, held.uid), at=end)
    work(now=end, until=end)
    held.refresh_from_db()
    assert held.state == "delivered"


def test_a_paused_endpoint_is_told_nothing_not_even_what_was_owed(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    endpoint, _ = add(hooks, today)
    tell(today)
    set_endpoint_state(BEA, endpoint, EndpointState.PAUSED, seen=1, at=today)
    work(now=today, until=today)
    assert not hooks.seen
    assert Posting.objects.get().state == "held"
    with pytest.raises(Refused):
        announce_test(BEA, Endpoint.objects.get(), at=today)
    with pytest.raises(BadInput):
        set_endpoint_state(BEA, endpoint, EndpointState.DISABLED, seen=2, at=today)


def test_a_secret_is_replaced_with_overlap_and_kept_encrypted(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    before = today - timedelta(minutes=1)
    endpoint, first = add(hooks, before)
    second = rotate_secret(BEA, endpoint, at=before)
    announce_test(BEA, endpoint, at=today)
    work(now=today, until=today)
    for secret in (first, second):
        assert hooks.verified(secret)["type"] == "hopback.test"
    third = rotate_secret(BEA, endpoint, at=today)
    announce_test(BEA, endpoint, at=today)
    work(now=today, until=today)
    assert hooks.verified(first) is None
    assert hooks.verified(second)
    assert hooks.verified(third)
    assert third.removeprefix("whsec_") not in everything_kept()


def test_after_the_overlap_the_old_secret_signs_no_more(portal: Configuration, hooks: Hooks, today: datetime) -> None:
    then = today - OVERLAP - timedelta(seconds=1)
    endpoint, first = add(hooks, then)
    second = rotate_secret(BEA, endpoint, at=then)
    announce_test(BEA, endpoint, at=today)
    work(now=today, until=today)
    assert hooks.verified(first) is None
    assert hooks.verified(second)
    (portal.folder / "portal.key").write_text("another key")
    announce_test(BEA, endpoint, at=today)
    work(now=today, until=today)
    assert len(hooks.seen) == 1
    assert "another key" in Attempt.objects.latest("pk").error


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/hook",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://user:pw@93.184.216.34/",
        "https://93.184.216.34/#x",
        "https://93.184.216.34:0/",
        "https://93.184.216.34:99999/",
        "https://no-such-host.invalid/",
        "ftp://93.184.216.34/",
        "https://ex ample.org/",
        "https://" + "a" * 600,
        "//example.org",
        "",
    ],
)
def test_what_is_not_on_the_public_internet_is_never_posted_to(portal: Configuration, url: str) -> None:
    with pytest.raises(BadInput):
        check_url(url, loopback=False)


def test_a_public_address_is_taken_and_loopback_only_where_it_is_allowed(portal: Configuration, hooks: Hooks) -> None:
    assert check_url(" https://93.184.216.34/hook ", loopback=False) == "https://93.184.216.34/hook"
    assert check_url(hooks.url, loopback=True) == hooks.url
    with pytest.raises(BadInput):
        check_url("http://10.0.0.1/", loopback=True)


def test_a_name_that_moves_to_a_private_address_later_is_not_posted_to(
    portal: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["93.184.216.34"], ["93.184.216.34"], ["10.0.0.1"]]
    seen: list[str] = []

    def resolve(host: str, port: int, **_kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    def connect(address: tuple[str, int], *_args: Any, **_kwargs: Any) -> Any:
        seen.append(address[0])
        raise OSError("not in a test")

    monkeypatch.setattr(posting_module.socket, "getaddrinfo", resolve)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    check_url("https://hooks.example.org/", loopback=False)
    reply = post("https://hooks.example.org/", b"{}", {}, loopback=False)
    assert reply.status is None
    assert "not on the public internet" in reply.error  # the second look, just before connecting, found it
    assert not seen


@pytest.mark.parametrize(("name", "is_trusted"), [("hooks.example.org", True), ("other.example.org", False)])
def test_the_name_is_verified_though_the_connection_goes_to_the_address_that_was_looked_at(
    portal: Configuration, hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_trusted: bool
) -> None:
    certificate = self_signed(name, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hooks.wrap(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    connected: list[tuple[str, int]] = []
    really = urllib3.util.connection.create_connection

    def resolve(host: str, port: int, **_kwargs: Any) -> list[Any]:
        assert host == "hooks.example.org"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
        connected.append(address)
        return really(("127.0.0.1", hooks.port), *args, **kwargs)

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    monkeypatch.setattr(posting_module, "socket", SimpleNamespace(**vars(socket) | {"getaddrinfo": resolve}))
    reply = post("https://hooks.example.org/hook?x=1", b"{}", {"webhook-id": "evt_1"}, loopback=False)
    assert connected == [("93.184.216.34", 443)]
    if is_trusted:
        assert (reply.status, reply.text, reply.error) == (200, "thanks", "")
        headers, body = hooks.seen[0]
        assert (headers["Host"], headers["webhook-id"], body) == ("hooks.example.org", "evt_1", b"{}")
    else:
        assert reply.status is None
        assert "doesn't match" in reply.error
        assert not hooks.seen


def self_signed(name: str, folder: Path) -> Path:
    """A certificate for a name, trusted by itself, and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = folder / f"{name}.pem"
    path.write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


def test_a_receiver_that_drips_is_hung_up_on(
    portal: Configuration, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_module, "WHOLE_S", 0.5)
    hooks.drips = True
    reply = post(hooks.url, b"{}", {}, loopback=True)
    assert reply.status is None
    assert reply.error
    assert reply.duration_ms < 2500


def test_an_organisation_sees_and_keeps_its_own_endpoints_only(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    endpoint, _ = add(hooks, today)
    announce_test(BEA, endpoint, at=today)
    posting = Posting.objects.get()
    for reader in (BEA, BELL, KEY, OTTO):
        assert [row.pk for row in endpoints_of(reader)] == [endpoint.pk]
        assert postings_of(reader, endpoint).count() == 1
    for stranger in (COLE, OTHER_KEY, Actor("x", Role.OUTSIDER), Actor("y", Role.PROVIDER)):
        assert not endpoints_of(stranger).exists()
        assert not postings_of(stranger, endpoint).exists()
        with pytest.raises(NotFound):
            endpoint_of(stranger, endpoint.uid)
        with pytest.raises(NotFound):
            posting_of(stranger, posting.uid)
    for stranger in (COLE, BELL, OTTO, OTHER_KEY, SYSTEM):
        with pytest.raises(Refused):
            rotate_secret(stranger, endpoint, at=today)
        with pytest.raises(Refused):
            add_endpoint(stranger, "P1", url=hooks.url, mailbox="a@example.org", at=today)
    change_endpoint(
        KEY, endpoint, url=hooks.url, mailbox="b@example.org", label="b", types=["request.opened"], seen=1, at=today
    )
    with pytest.raises(Conflict):
        change_endpoint(BEA, endpoint, url=hooks.url, mailbox="b@example.org", label="b", types=[], seen=1, at=today)
    with pytest.raises(BadInput):
        change_endpoint(BEA, endpoint, url=hooks.url, mailbox="b@example.org", label="", types=["no"], seen=2, at=today)
    remove_endpoint(BEA, endpoint, seen=2, at=today)
    assert not endpoints_of(BEA).exists()
    assert not endpoint.secrets.exists()
    assert Posting.objects.get().state == "dead"
    work(now=today, until=today)
    assert not hooks.seen


def test_an_endpoint_that_cannot_be_reached_is_left_alone_for_a_moment(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    endpoint, _ = add(hooks, today, url=address)
    for number in range(20):
        tell(today, key=str(number))
    work(now=today, until=today)
    assert Attempt.objects.count() == 1  # the others wait and hold nobody up
    assert set(Posting.objects.values_list("attempts", flat=True)) == {0, 1}
    endpoint.refresh_from_db()
    change_endpoint(BEA, endpoint, url=hooks.url, mailbox="a@example.org", label="", types=[], seen=1, at=today)
    later = today + HUSH + timedelta(seconds=5)
    work(now=later, until=later)
    assert len(hooks.seen) == 20
    assert set(Posting.objects.values_list("state", flat=True)) == {"delivered"}
    endpoint.refresh_from_db()
    assert endpoint.quiet_until is None


def test_what_was_missed_is_posted_again_at_once(portal: Configuration, hooks: Hooks, today: datetime) -> None:
    endpoint, _ = add(hooks, today)
    set_endpoint_state(BEA, endpoint, EndpointState.PAUSED, seen=1, at=today)
    for number in range(3):
        tell(today, key=str(number))
    paused = Endpoint.objects.get()
    with pytest.raises(Refused):
        replay_missed(BEA, paused, at=today)
    set_endpoint_state(BEA, paused, EndpointState.ACTIVE, seen=2, at=today)
    active = Endpoint.objects.get()
    with pytest.raises(Refused):
        replay_missed(BELL, active, at=today)
    assert replay_missed(BEA, active, at=today) == 3
    assert replay_missed(BEA, active, at=today) == 0
    work(now=today, until=today)
    assert len(hooks.seen) == 3


def test_an_organisation_has_a_few_endpoints_at_most(portal: Configuration, hooks: Hooks, today: datetime) -> None:
    for _ in range(MOST_ENDPOINTS):
        add(hooks, today)
    with pytest.raises(Refused):
        add(hooks, today)


def api(secret: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    answer = Client().generic(
        method,
        f"/api/v1{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"} | headers,
    )
    return answer.status_code, json.loads(answer.content) if answer.content else None


def test_a_program_keeps_its_organisations_endpoints(
    directory: None, hooks: Hooks, today: datetime, portal: Configuration
) -> None:
    keys = {
        name: issue_key(
            SYSTEM, Organisation.objects.get(pk=provider), at=today, lasts=timedelta(days=1), scopes=(scope,)
        )
        for name, provider, scope in (("ours", "P1", "webhooks"), ("theirs", "P2", "webhooks"), ("hops", "P1", "hops"))
    }
    ours = keys["ours"]
    assert api(keys["hops"], "GET", "/webhooks")[0] == 403
    assert {"type": "hopback.test", "meaning": "You asked for a test."} in api(ours, "GET", "/webhooks/types")[1]
    assert api(ours, "POST", "/webhooks", {"url": "http://10.0.0.1/", "mailbox": "a@example.org"})[0] == 422
    for wrong in (
        {"label": "a\x00"},
        {"mailbox": '"a b"@example.org'},
        {"mailbox": "a\x00@example.org"},
        {"types": ["\x00"]},
    ):
        body = {"url": hooks.url, "mailbox": "a@example.org"} | wrong
        assert api(ours, "POST", "/webhooks", body)[0] == 422
    for strange in ("%00", "x%00", "-", "%C3%A9"):
        assert api(ours, "GET", f"/webhooks/{strange}")[0] == 404
        assert api(ours, "GET", f"/webhooks/deliveries/{strange}")[0] == 404
    draft = {"url": hooks.url, "mailbox": "a@example.org", "types": ["request.opened"]}
    once = {"Idempotency-Key": "add-1"}
    status, added = api(ours, "POST", "/webhooks", draft, **once)
    assert (status, api(ours, "POST", "/webhooks", draft, **once)[1]) == (201, added)
    assert (
        added["secret"].removeprefix("whsec_") not in everything_kept()
    )  # not even in the reply kept for a repetition
    path = f"/webhooks/{added['endpoint']['id']}"
    assert api(ours, "GET", "/webhooks")[1] == [added["endpoint"]]
    assert api(keys["theirs"], "GET", "/webhooks")[1] == []
    for method, more, body in (
        ("GET", "", None),
        ("PUT", "", draft | {"version": 1}),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
    ):
        assert api(keys["theirs"], method, path + more, body)[0] == 404
    assert api(ours, "POST", f"{path}/test")[0] == 202
    for number in range(3):
        tell(today, key=str(number))
    work(now=datetime.now(UTC), until=datetime.now(UTC))
    assert {hooks.verified(added["secret"], n)["type"] for n in range(4)} == {"request.opened", "hopback.test"}
    first = api(ours, "GET", f"{path}/deliveries?limit=3")[1]
    rest = api(ours, "GET", f"{path}/deliveries?limit=3&cursor={first['next']}")[1]
    assert len({one["id"] for one in first["deliveries"] + rest["deliveries"]}) == 4
    assert "next" not in rest
    assert len(api(ours, "GET", f"{path}/deliveries?state=dead")[1]["deliveries"]) == 0
    delivery = f"/webhooks/deliveries/{first['deliveries'][0]['id']}"
    full = api(ours, "GET", delivery)[1]
    assert (full["state"], full["log"][0]["status"], full["log"][0]["reply"]) == ("delivered", 200, "thanks")
    assert json.loads(full["body"])["type"] in {"request.opened", "hopback.test"}
    assert api(keys["theirs"], "GET", delivery)[0] == 404
    assert api(keys["theirs"], "POST", f"{delivery}/replay")[0] == 404
    assert api(ours, "POST", f"{delivery}/replay")[1]["state"] == "waiting"
    assert api(ours, "POST", f"{delivery}/replay")[0] == 409
    changed = api(ours, "PUT", path, draft | {"version": 1, "state": "paused", "label": "x"})[1]
    assert (changed["state"], changed["label"], changed["version"]) == ("paused", "x", 3)
    assert api(ours, "PUT", path, draft | {"version": 1})[0] == 409
    assert api(ours, "POST", f"{path}/test")[0] == 403
    assert api(ours, "POST", f"{path}/secret")[1]["secret"] != added["secret"]
    assert api(ours, "DELETE", path)[0] == 204
    assert api(ours, "GET", path)[0] == 404


WORKER = """
from datetime import UTC, datetime, timedelta
from hopback.portal.config import read_configuration
from hopback.portal.embedded import use
use(read_configuration())
from hopback.portal.jobs import working
working.ERRAND_LEASE = timedelta(seconds=1)
working.work_until_stopped(
    clock=lambda: datetime.now(UTC), is_stopped=lambda: False, pause_s=0.05, lease=timedelta(seconds=1)
)
"""


def test_a_worker_that_is_killed_while_it_posts_loses_nothing(
    portal: Configuration, hooks: Hooks, today: datetime
) -> None:
    count, kills = 30, 0
    add(hooks, today)
    for number in range(count):
        tell(today, key=str(number))
    hooks.pause_s = 0.02
    environment = os.environ | {
        "HOPBACK_DATA": str(portal.data),
        "HOPBACK_DATABASE": portal.database,
        "HOPBACK_SYNCHRONOUS": "NORMAL",
        "HOPBACK_EXERCISE": "true",
    }
    deadline = time.monotonic() + 240
    while Posting.objects.filter(state="waiting").exists() and time.monotonic() < deadline:
        began = Posting.objects.filter(state="delivered").count()
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        while worker.poll() is None and time.monotonic() < deadline:
            done = Posting.objects.filter(state="delivered").count()
            if done >= count or (done - began >= 8 and kills < 2):
                break
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1
    assert kills >= 3
    assert set(Posting.objects.values_list("state", flat=True)) == {"delivered"}
    assert Attempt.objects.count() == count  # each written down once
    seen = [headers["webhook-id"] for headers, _ in hooks.seen]
    assert len(set(seen)) == count
    assert len(seen) <= count + kills  # the one in hand at a kill comes twice, under the same id
