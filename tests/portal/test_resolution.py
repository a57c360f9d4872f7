from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from hopback.kernel.errors import BadInput, Conflict, HopbackError, NotFound, Refused
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.directory.actions import (
    NumberDraft,
    decide_number,
    end_decision,
    import_file,
    merge_providers,
    redirect_number,
    resolve_or_queue,
    state_claims,
    undo_link,
)
from hopback.portal.directory.actions.imports import FileDraft, read_file
from hopback.portal.directory.claims import Claimed
from hopback.portal.directory.consulting import consult
from hopback.portal.directory.lookups import csv_file, http_json
from hopback.portal.directory.models import (
    CodeAssignment,
    ImportedFile,
    NumberDecision,
    OpenNumber,
    PortRecord,
    Provider,
)
from hopback.portal.directory.resolving import Why, resolve
from hopback.portal.embedded import use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from hopback.portal.config import Configuration

ADA = Actor("ada", Role.ANALYST)
BELL = Actor("bell", Role.PROVIDER, provider="P1", administers=True)
DANA = Actor("dana", Role.OUTSIDER)
NUMBER = 13125550188
DAY = date(2026, 11, 1)

CODES = """NPA,NXX,X,OCN,Company,Effective Date
312,555,A,123A,Bellwether Telephone LLC,01/15/2019
312,555,0,222B,Coalbrook Networks Inc.,2021-03-01
312,777,,999Z,Nobody We Know,
"""


def bring(kind: str, text: str, *, at: datetime, source: str = "NANPA", as_of: date = DAY) -> ImportedFile:
    draft = FileDraft(kind, f"{kind}.csv", source, as_of)
    return import_file(ADA, read_file(draft, text.encode()), at=at)


@pytest.fixture
def codes(directory: None, noon: datetime) -> None:
    bring("codes", CODES, at=noon)
    Provider.objects.filter(pk="P2").update(ocn="222B")


def test_a_block_beats_its_code_and_a_port_beats_both(codes: None, noon: datetime) -> None:
    found = resolve(NUMBER, on=DAY)
    assert found.provider is not None
    assert (found.provider.pk, found.why, found.ocn) == ("P2", Why.FOUND, "222B")
    assert [(step.rung, step.source, step.since) for step in found.how] == [
        ("block", "NANPA", "2021-03-01"),
        ("directory", "", ""),
    ]
    assert resolve(13125559999, on=DAY).provider == Provider.objects.get(pk="P1")
    bring("ports", f"TN,LRN,SPID,Activation Date\n{NUMBER},,123A,2026-05-01\n", at=noon, source="NPAC")
    ported = resolve(NUMBER, on=DAY)
    assert ported.provider == Provider.objects.get(pk="P1")
    assert ported.how[0].source == "NPAC"


def test_the_day_of_the_call_decides(codes: None, noon: datetime) -> None:
    before_the_block = resolve(NUMBER, on=date(2020, 1, 1))
    assert before_the_block.provider == Provider.objects.get(pk="P1")
    assert before_the_block.how[0].rung == "code"
    assert resolve(NUMBER, on=date(2018, 1, 1)).why is Why.NO_ASSIGNMENT
    bring("ports", f"number,spid,valid_from,valid_to\n{NUMBER},123A,2026-05-01,2026-06-01\n", at=noon)
    assert resolve(NUMBER, on=date(2026, 5, 20)).provider == Provider.objects.get(pk="P1")
    assert resolve(NUMBER, on=DAY).provider == Provider.objects.get(pk="P2")


def test_an_lrn_leads_to_whoever_holds_its_block(codes: None, noon: datetime) -> None:
    bring("ports", "number,lrn\n+1 312-777-0100,13125559000\n", at=noon)
    found = resolve(13127770100, on=DAY)
    assert found.provider == Provider.objects.get(pk="P1")
    assert [step.rung for step in found.how] == ["port", "lrn code", "directory"]


def test_a_number_that_came_home_goes_by_its_block(codes: None, noon: datetime) -> None:
    bring("ports", f"number,spid,valid_from,ported\n{NUMBER},123A,2026-01-01,\n{NUMBER},,2026-10-01,no\n", at=noon)
    assert resolve(NUMBER, on=date(2026, 2, 1)).provider == Provider.objects.get(pk="P1")
    assert resolve(NUMBER, on=DAY).provider == Provider.objects.get(pk="P2")


def test_an_unknown_identifier_and_one_claimed_twice_wait_for_a_person_once(codes: None, noon: datetime) -> None:
    for _ in range(3):
        assert resolve_or_queue(ADA, 13127770100, on=DAY, at=noon, asked_for="C1").why is Why.UNKNOWN_IDENTIFIER
    waiting = OpenNumber.objects.get()
    assert (waiting.times, waiting.ocn, waiting.company, waiting.asked_for) == (3, "999Z", "Nobody We Know", "C1")
    Provider.objects.filter(pk="P3").update(ocn="222B")
    twice = resolve_or_queue(ADA, NUMBER, on=DAY, at=noon)
    assert (twice.provider, twice.why, twice.candidates) == (None, Why.CLAIMED_TWICE, ("P2", "P3"))


def test_two_that_a_person_merged_are_one_holder_until_it_is_undone(codes: None, noon: datetime) -> None:
    Provider.objects.filter(pk="P3").update(ocn="222B")
    three, two = Provider.objects.get(pk="P3"), Provider.objects.get(pk="P2")
    link = merge_providers(ADA, three, two, reason="one company, two entries", at=noon)
    assert resolve(NUMBER, on=DAY).provider == two
    undo_link(ADA, link, why="they are two after all", at=noon)
    assert resolve(NUMBER, on=DAY).why is Why.CLAIMED_TWICE


def test_an_ocn_leads_to_whoever_held_it_that_day(codes: None, noon: datetime) -> None:
    four = Provider.objects.get(pk="P4")
    state_claims(
        ADA,
        four,
        [Claimed("P4", "ocn", "999z", "analyst", "LERG 6", valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))],
        at=noon,
    )
    assert resolve(13127770100, on=date(2026, 6, 30)).provider == four
    assert resolve(13127770100, on=DAY).why is Why.UNKNOWN_IDENTIFIER


def test_sources_of_one_standing_that_disagree_decide_nothing(codes: None, noon: datetime) -> None:
    bring("codes", "code,ocn\n312-444,123A\n312-444,222B\n", at=noon, source="two")
    assert resolve(13124440000, on=DAY).why is Why.SOURCES_DISAGREE
    bring("codes", "code,ocn\n312-444,222B\n", at=noon, source="later", as_of=DAY + timedelta(days=1))
    assert resolve(13124440000, on=DAY).provider == Provider.objects.get(pk="P2")


def test_a_company_name_alone_leads_to_nobody(codes: None, noon: datetime) -> None:
    bring("codes", "code,company\n312-444,Bellwether Telephone LLC\n", at=noon)
    found = resolve(13124440000, on=DAY)
    assert (found.provider, found.why, found.carrier) == (None, Why.NO_IDENTIFIER, "Bellwether Telephone LLC")


def test_a_number_a_reseller_holds_waits_until_a_person_says_whose_it_is(codes: None, noon: datetime) -> None:
    bring("ports", f"number,spid,alt spid\n{NUMBER},123A,X123\n", at=noon)
    held = resolve_or_queue(ADA, NUMBER, on=DAY, at=noon)
    assert (held.why, held.is_reseller_held, held.reseller, held.needs_person) == (Why.RESELLER, True, "X123", True)
    waiting = OpenNumber.objects.get()
    draft = NumberDraft(
        NUMBER,
        Provider.objects.get(pk="P1"),
        "the reseller's own page names Bellwether",
        DAY,
        reseller="Tin Can Voice",
        is_reseller_held=True,
    )
    decision = decide_number(ADA, draft, waiting=waiting, at=noon)
    found = resolve_or_queue(ADA, NUMBER, on=DAY, at=noon)
    assert found.provider == Provider.objects.get(pk="P1")
    assert (found.why, found.is_reseller_held, found.reseller, found.needs_person) == (
        Why.DECIDED,
        True,
        "Tin Can Voice",
        False,
    )
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decision, waiting.settled_by) == ("settled", decision, "ada")
    with pytest.raises(Conflict):
        decide_number(ADA, draft, waiting=waiting, at=noon)


def test_a_wrong_resolution_is_redirected_without_blame_until_its_end(codes: None, noon: datetime) -> None:
    one, two = Provider.objects.get(pk="P1"), Provider.objects.get(pk="P2")
    draft = NumberDraft(NUMBER, one, "ported in March", DAY, DAY + timedelta(days=30), said_by="Cole of P2")
    row = redirect_number(ADA, draft, instead_of=two, at=noon)
    assert (row.instead_of, row.said_by, row.decided_by) == (two, "Cole of P2", "ada")
    assert resolve(NUMBER, on=DAY + timedelta(days=30)).provider == one
    assert resolve(NUMBER, on=DAY + timedelta(days=31)).provider == two
    assert resolve(NUMBER, on=DAY - timedelta(days=1)).provider == two
    end_decision(ADA, row, at=noon)
    assert resolve(NUMBER, on=DAY).provider == two
    with pytest.raises(Conflict):
        end_decision(ADA, row, at=noon)


def test_a_redirection_says_who_says_so_and_leads_elsewhere(codes: None, noon: datetime) -> None:
    one = Provider.objects.get(pk="P1")
    with pytest.raises(BadInput, match="who says so"):
        redirect_number(ADA, NumberDraft(NUMBER, one, "x", DAY), instead_of=Provider.objects.get(pk="P2"), at=noon)
    with pytest.raises(BadInput, match="the provider it came from"):
        redirect_number(ADA, NumberDraft(NUMBER, one, "x", DAY, said_by="Bell"), instead_of=one, at=noon)
    with pytest.raises(BadInput, match="no reason"):
        decide_number(ADA, NumberDraft(NUMBER, one, " ", DAY), at=noon)
    assert not NumberDecision.objects.exists()


@pytest.mark.parametrize(
    "actor", [BELL, DANA, Actor("otto", Role.AUDITOR), Actor("k", Role.ANALYST, scopes=frozenset())]
)
def test_nobody_else_decides_about_numbers_or_brings_files(directory: None, noon: datetime, actor: Actor) -> None:
    with pytest.raises(Refused):
        resolve_or_queue(actor, NUMBER, on=DAY, at=noon)
    with pytest.raises(Refused):
        decide_number(actor, NumberDraft(NUMBER, Provider.objects.get(pk="P1"), "x", DAY), at=noon)
    with pytest.raises(Refused):
        import_file(actor, read_file(FileDraft("codes", "c.csv", "x", DAY), CODES.encode()), at=noon)


def test_the_same_file_is_taken_over_once_and_the_same_rows_of_a_source_too(directory: None, noon: datetime) -> None:
    first = bring("codes", CODES, at=noon)
    assert (first.rows, first.added, first.rejected) == (3, 3, 0)
    assert bring("codes", CODES, at=noon).pk == first.pk
    more = bring("codes", CODES + "312,888,,123A,Bellwether,\n", at=noon)
    assert (more.rows, more.added) == (4, 1)
    assert CodeAssignment.objects.count() == 4


def test_rejected_lines_are_named_with_their_number_and_the_rest_is_taken(directory: None, noon: datetime) -> None:
    text = (
        "NPA-NXX-X;OCN;Company Name;Use;Effective Date\n"
        "312-555-1;123;Bell;AS;2020-01-01\n"
        "012-555;123A;Bell;AS;\n"
        "312-556;123A;Bell;VC;\n"
        '312-557;123A;"Bell\nof two lines";AS;\n'
        "312-558;12?;Bell;AS;\n"
        "312-559;123A;Bell;AS;soon\n"
    )
    file = bring("codes", text, at=noon)
    assert [(one["line"], one["why"].split(":")[0]) for one in file.report["rejects"]] == [
        (3, "code"),
        (4, "use"),
        (7, "ocn"),
        (8, "valid_from"),
    ]
    assert list(CodeAssignment.objects.order_by("line").values_list("line", "prefix", "ocn")) == [
        (2, "13125551", "0123"),
        (5, "1312557", "123A"),
    ]
    assert file.report["columns"]["code"] == "NPA-NXX-X"
    with pytest.raises(BadInput, match=r"codes\.csv:1: the header names no"):
        bring("codes", "a,b\n1,2\n", at=noon)
    with pytest.raises(BadInput, match="empty"):
        bring("codes", "", at=noon)


def test_a_csv_look_up_fills_in_what_the_tables_do_not_know(
    codes: None, portal: Configuration, noon: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "dips.csv"
    path.write_text(f"number,spid,activated\n{NUMBER},123A,2026-10-01\n{NUMBER},222B,2026-11-02\n")
    use(portal.model_copy(update={"number_lookups": ("csv",), "lookup_file": path}))
    found, failed = consult(ADA, NUMBER, on=DAY, at=noon)
    assert not failed
    assert found.provider == Provider.objects.get(pk="P1")
    assert found.how[0].source == "lookup:csv dips.csv:2"
    consult(ADA, NUMBER, on=DAY, at=noon)
    assert PortRecord.objects.count() == 1
    missing = portal.model_copy(update={"number_lookups": ("csv",), "lookup_file": tmp_path / "none.csv"})
    with pytest.raises(NotFound):
        csv_file.look_up(NUMBER, on=DAY, today=DAY, configuration=missing)
    use(missing)
    found, failed = consult(ADA, 13125550001, on=DAY, at=noon)
    assert found.provider == Provider.objects.get(pk="P2")
    assert "cannot be read" in failed[0]


class Service(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        Service.asked.append((self.path, self.headers["Authorization"]))
        status, body = Service.answers.get(self.path, (404, {}))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(portal: Configuration) -> Iterator[Configuration]:
    Service.answers, Service.asked = {}, []
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield portal.model_copy(
        update={
            "number_lookups": ("http",),
            "lookup_url": f"http://127.0.0.1:{server.server_port}/{{number}}",
            "lookup_hosts": ("127.0.0.1",),
            "lookup_timeout_s": 2.0,
        }
    )
    server.shutdown()
    server.server_close()


def test_an_http_look_up_is_kept_with_the_day_it_stands_for(
    codes: None, service: Configuration, noon: datetime
) -> None:
    use(service)
    Service.answers["/%2B13125550188"] = (200, {"result": {"Carrier-Name": "Bell", "SPID": "123a", "lrn": None}})
    found, failed = consult(ADA, NUMBER, on=DAY, at=noon)
    assert not failed
    assert found.provider == Provider.objects.get(pk="P1")
    assert found.how[0].source == "lookup:http 127.0.0.1, asked 2026-11-02"
    row = PortRecord.objects.get()
    assert (row.valid_from, row.valid_to) == (DAY, DAY)
    # what stands for today says nothing of a call of last month
    old, _ = consult(ADA, NUMBER, on=date(2026, 10, 1), at=noon)
    assert old.provider == Provider.objects.get(pk="P2")


def test_an_http_look_up_asks_no_other_host_and_takes_nothing_strange(service: Configuration, noon: datetime) -> None:
    def ask(configuration: Configuration) -> Any:
        return http_json.look_up(NUMBER, on=DAY, today=DAY, configuration=configuration)

    assert ask(service) is None
    for body, sentence in ((b"<html>", "not JSON"), (b"[1]", "no object"), (b'"' + b"x" * 70_000 + b'"', "too large")):
        Service.answers["/%2B13125550188"] = (200, body)
        with pytest.raises(HopbackError, match=sentence):
            ask(service)
    Service.answers["/%2B13125550188"] = (302, {})
    with pytest.raises(HopbackError, match="answered 302"):
        ask(service)
    assert not any(path == "/elsewhere" for path, _ in Service.asked)
    count = len(Service.asked)
    for change in ({"lookup_hosts": ("other.example",)}, {"lookup_url": "http://example.org/{number}"}):
        with pytest.raises(BadInput):
            ask(service.model_copy(update=change))
    with pytest.raises(BadInput, match="not https"):
        ask(service.model_copy(update={"lookup_url": "http://a.example/{number}", "lookup_hosts": ("a.example",)}))
    assert len(Service.asked) == count
    Service.answers["/%2B13125550188"] = (200, {"ported": False, "spid": "123A"})
    home = ask(service)
    assert (home.spid, home.since) == ("", None)
