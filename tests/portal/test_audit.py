from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from behind import tamper
from hopback.kernel.errors import BadInput, BrokenProof, NotFound, Refused
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import PURPOSE, Actor, Role
from hopback.portal.audit.covering import replay, replays
from hopback.portal.audit.models import Checkpoint, Head, Leaf
from hopback.portal.audit.sealing import export, prove, seal, signer
from hopback.portal.audit.verify import verify
from hopback.proofs.leaves import read_leaf
from hopback.proofs.notes import new_signer
from hopback.proofs.verify import verify_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from hopback.portal.config import Configuration

ADA = Actor("ada", Role.LEAD)
DANA = Actor("dana", Role.OUTSIDER)


def only_ada(actor: Actor, _subject: Any, /) -> None:
    if actor != ADA:
        raise Refused(f"{actor.name} may not")


@action("thing.done", may=only_ada)
def do(_actor: Actor, subject: str, *, at: datetime, fails: bool = False) -> str:
    entry().facts = {"subject": subject}
    if fails:
        raise BadInput("it failed")
    return subject


@action("things.done", may=only_ada)
def do_both(actor: Actor, first: str, second: str, *, at: datetime) -> None:
    do(actor, first, at=at)
    do(actor if second != "refused" else DANA, second, at=at)


def test_an_action_leaves_who_did_what_why_and_when(portal: Configuration, noon: datetime) -> None:
    assert do(ADA, "one", at=noon) == "one"
    (leaf,) = Leaf.objects.all()
    body = read_leaf(leaf.body.encode())
    assert (body["action"], body["actor"], body["role"], body["subject"]) == ("thing.done", "ada", "lead", "one")
    assert (body["purpose"], body["at"], body["refused"]) == (PURPOSE, noon.isoformat(), False)
    assert leaf.number is None


def test_what_fails_leaves_nothing(portal: Configuration, noon: datetime) -> None:
    with pytest.raises(BadInput):
        do(ADA, "one", at=noon, fails=True)
    assert not Leaf.objects.exists()


def test_a_refusal_is_rolled_back_and_recorded(portal: Configuration, noon: datetime) -> None:
    with pytest.raises(Refused):
        do(DANA, "one", at=noon)
    (leaf,) = Leaf.objects.all()
    assert leaf.is_refusal
    assert leaf.actor == "dana"
    assert read_leaf(leaf.body.encode())["facts"] == {"refused": "refused", "because": "dana may not"}


def test_a_refusal_inside_another_action_takes_both_back_and_is_recorded_once(
    portal: Configuration, noon: datetime
) -> None:
    do_both(ADA, "one", "two", at=noon)
    assert [leaf.subject for leaf in Leaf.objects.order_by("serial")] == ["one", "two", "one"]
    with pytest.raises(Refused):
        do_both(ADA, "three", "refused", at=noon)
    refusals = Leaf.objects.filter(is_refusal=True)
    assert [(leaf.action, leaf.actor) for leaf in refusals] == [("thing.done", "dana")]
    assert not Leaf.objects.filter(subject="three").exists()


def test_a_leaf_is_written_once(portal: Configuration, noon: datetime) -> None:
    do(ADA, "one", at=noon)
    seal(at=noon)
    leaf = Leaf.objects.get()
    leaf.actor = "somebody else"
    with pytest.raises(Refused, match="written once"):
        leaf.save()
    with pytest.raises(Refused):
        leaf.delete()
    with pytest.raises(Refused):
        Leaf.objects.update(actor="somebody else")
    with pytest.raises(Refused):
        Leaf.objects.all().delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET body = 'x'",
        "UPDATE audit_leaf SET number = 7",
        "UPDATE audit_leaf SET number = NULL, hash = NULL",
        "DELETE FROM audit_leaf",
        "UPDATE audit_checkpoint SET note = 'x'",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_the_database_refuses_it_as_well(portal: Configuration, noon: datetime, statement: str) -> None:
    do(ADA, "one", at=noon)
    seal(at=noon)
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_sealing_numbers_every_leaf_and_signs_the_root(portal: Configuration, noon: datetime) -> None:
    assert seal(at=noon) is None
    for number in range(5):
        do(ADA, str(number), at=noon)
    first = seal(at=noon)
    assert first is not None
    assert first.size == 5
    for number in range(5, 12):
        do(ADA, str(number), at=noon)
    assert seal(at=noon) is not None
    assert seal(at=noon) is None
    assert [leaf.subject for leaf in Leaf.objects.order_by("number")] == [str(number) for number in range(12)]
    verified = verify()
    assert (verified.leaves, verified.unsealed, verified.checkpoints) == (12, 0, 2)


def test_two_that_commit_in_reverse_order_are_both_numbered(portal: Configuration, noon: datetime) -> None:
    """SQLite lets one transaction write at a time, so the later one waits; the sealer runs in between."""
    began, go_on, errors = threading.Event(), threading.Event(), []

    def slow() -> None:
        try:
            with transaction.atomic():
                do(ADA, "began first", at=noon)
                began.set()
                go_on.wait(10)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(10)
    threading.Timer(0.2, go_on.set).start()
    seal(at=noon)  # waits for the writer, then numbers what it wrote
    do(ADA, "began second", at=noon)
    thread.join()
    seal(at=noon)
    assert not errors
    assert sorted(leaf.number for leaf in Leaf.objects.all() if leaf.number is not None) == [0, 1]
    assert verify().leaves == 2


def test_sealers_at_once_number_nothing_twice(portal: Configuration, noon: datetime) -> None:
    errors: list[Exception] = []

    def write_and_seal(name: str) -> None:
        try:
            for number in range(10):
                do(ADA, f"{name}{number}", at=noon)
                seal(at=noon)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write_and_seal, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal(at=noon)
    assert not errors
    assert verify().leaves == 30


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_leaf SET body = replace(body, 'ada', 'eve') WHERE number = 1", "leaf 1: the body"),
        ("UPDATE audit_leaf SET actor = 'eve' WHERE number = 1", "leaf 1: its column actor"),
        ("DELETE FROM audit_leaf WHERE number = 1", "leaf 1 is missing"),
        ("DELETE FROM audit_leaf WHERE number = 3", "counts 4 leaves, but there are 3"),
        ("UPDATE audit_head SET size = 3", "head counts 3"),
    ],
)
def test_tampering_with_the_log_is_found(portal: Configuration, noon: datetime, statement: str, found: str) -> None:
    for number in range(4):
        do(ADA, str(number), at=noon)
    seal(at=noon)
    verify()
    tamper(statement)
    with pytest.raises(BrokenProof, match=found):
        verify()


def test_a_log_written_anew_does_not_match_a_checkpoint_kept_elsewhere(portal: Configuration, noon: datetime) -> None:
    do(ADA, "one", at=noon)
    kept = seal(at=noon)
    assert kept is not None
    verify(given=kept.note)
    tamper("DELETE FROM audit_leaf", "DELETE FROM audit_checkpoint", "DELETE FROM audit_head")
    do(ADA, "another", at=noon)
    seal(at=noon)
    verify()
    with pytest.raises(BrokenProof, match="another root at 1 leaves"):
        verify(given=kept.note)


def test_verifying_keeps_no_writer_waiting(portal: Configuration, noon: datetime) -> None:
    do(ADA, "one", at=noon)
    seal(at=noon)
    errors: list[Exception] = []

    def write() -> None:
        try:
            do(ADA, "two", at=noon)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    def while_it_verifies() -> Iterator[str]:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        yield from ()

    known = replays().get("test.slow")
    assert known is None
    replay("test.slow", while_it_verifies)
    try:
        assert verify().unsealed == 0  # one view, taken before the second leaf
    finally:
        replay("test.slow", lambda: iter(()))
    assert not errors
    assert verify().unsealed == 1


def test_another_key_is_noticed(portal: Configuration, noon: datetime) -> None:
    do(ADA, "one", at=noon)
    seal(at=noon)
    with pytest.raises(BrokenProof, match="not signed by"):
        verify(key=new_signer("hopback.localhost/audit").verifier)


def test_an_export_is_verified_offline_with_or_without_its_content(
    portal: Configuration, noon: datetime, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        export(tmp_path / "export")
    for number in range(6):
        do(ADA, str(number), at=noon)
        if number in (1, 3):
            seal(at=noon)
    seal(at=noon)
    export(tmp_path / "export")
    report = verify_path(tmp_path / "export", key=signer().verifier)
    assert (report.leaves, report.withheld, report.older) == (6, 0, 2)
    export(tmp_path / "some", disclosing=[2, 4])
    assert verify_path(tmp_path / "some").withheld == 4
    assert "ada" not in (tmp_path / "some" / "leaves.jsonl").read_text().split("\n")[0]


def test_one_entry_is_proved_alone(portal: Configuration, noon: datetime, tmp_path: Path) -> None:
    for number in range(7):
        do(ADA, str(number), at=noon)
    seal(at=noon)
    path = tmp_path / "entry.tlog-proof"
    path.write_text(str(prove(3)))
    report = verify_path(path, key=signer().verifier)
    assert report.entry is not None
    assert report.entry["subject"] == "3"
    with pytest.raises(NotFound):
        prove(7)


def test_the_signing_key_is_made_once_and_only_its_owner_reads_it(portal: Configuration) -> None:
    assert signer() == signer()
    assert ((portal.data / "log.key").stat().st_mode & 0o777) == 0o600


def test_only_an_action_has_an_entry(portal: Configuration) -> None:
    with pytest.raises(RuntimeError):
        entry()
    assert not Checkpoint.objects.exists()
    assert not Head.objects.exists()
