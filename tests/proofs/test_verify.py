from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from hopback.kernel.errors import BadInput, BrokenProof, NotFound
from hopback.proofs.checkpoints import Checkpoint, sign_checkpoint
from hopback.proofs.inclusion import InclusionProof
from hopback.proofs.leaves import leaf_bytes, read_leaf
from hopback.proofs.notes import new_signer
from hopback.proofs.tree import inclusion, leaf_hash, root
from hopback.proofs.verify import verify_path

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = new_signer("audit.example")
LEAVES = [leaf_bytes({"action": "hop.answered", "n": number}, salt=bytes([number] * 16)) for number in range(11)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def checkpoint_of(size: int) -> str:
    return sign_checkpoint(Checkpoint("audit.example/log", size, root(HASHES[:size])), by=SIGNER)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "checkpoint").write_text(checkpoint_of(11))
    (tmp_path / "verifier.key").write_text(f"{SIGNER.verifier}\n")
    (tmp_path / "leaves.jsonl").write_bytes(b"".join(leaf + b"\n" for leaf in LEAVES))
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "4").write_text(checkpoint_of(4))
    return tmp_path


def write_proof(folder: Path, index: int) -> Path:
    path = folder / "entry.tlog-proof"
    path.write_text(str(InclusionProof(LEAVES[index], index, inclusion(HASHES, index), checkpoint_of(11))))
    return path


def test_an_export_is_verified_whole(export: Path) -> None:
    report = verify_path(export)
    assert (report.kind, report.size, report.leaves, report.older) == ("export", 11, 11, 1)
    assert report.root == root(HASHES).hex()
    assert not report.is_key_given
    assert verify_path(export, key=SIGNER.verifier).is_key_given


def test_a_leaf_may_be_withheld_and_the_log_still_holds(export: Path) -> None:
    lines = (export / "leaves.jsonl").read_bytes().split(b"\n")
    lines[3] = b'{"withheld":"%s"}' % HASHES[3].hex().encode()
    (export / "leaves.jsonl").write_bytes(b"\n".join(lines))
    assert verify_path(export).withheld == 1


def test_a_changed_leaf_is_found(export: Path) -> None:
    path = export / "leaves.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"n":7', b'"n":8'))
    with pytest.raises(BrokenProof, match="do not hash"):
        verify_path(export)


def test_a_missing_leaf_is_found(export: Path) -> None:
    path = export / "leaves.jsonl"
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    with pytest.raises(BrokenProof, match="earlier checkpoint"):
        verify_path(export)
    (export / "older" / "4").unlink()
    with pytest.raises(BrokenProof, match="10 leaves"):
        verify_path(export)


def test_a_rewritten_past_is_found_even_when_signed_anew(export: Path) -> None:
    rewritten = [leaf_bytes({"action": "another"}, salt=b"0" * 16), *LEAVES[1:]]
    (export / "leaves.jsonl").write_bytes(b"".join(leaf + b"\n" for leaf in rewritten))
    forged = Checkpoint("audit.example/log", 11, root([leaf_hash(leaf) for leaf in rewritten]))
    (export / "checkpoint").write_text(sign_checkpoint(forged, by=SIGNER))
    with pytest.raises(BrokenProof, match="not a beginning"):
        verify_path(export)


def test_a_leaf_in_another_spelling_is_found(export: Path) -> None:
    path = export / "leaves.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"action"', b'{ "action"', 1))
    with pytest.raises(BrokenProof, match=r"leaves\.jsonl:1: a leaf is not in canonical JSON"):
        verify_path(export)


def test_a_checkpoint_is_verified_alone(export: Path) -> None:
    report = verify_path(export / "checkpoint")
    assert (report.kind, report.size, report.origin) == ("checkpoint", 11, "audit.example/log")
    assert report.signed_by == str(SIGNER.verifier)
    with pytest.raises(BrokenProof, match="not signed by"):
        verify_path(export / "checkpoint", key=new_signer("audit.example").verifier)


@pytest.mark.parametrize("index", [0, 6, 10])
def test_a_proof_stands_alone_and_shows_its_entry(export: Path, index: int) -> None:
    report = verify_path(write_proof(export, index))
    assert report.kind == "proof"
    assert report.entry is not None
    assert report.entry["n"] == index


def test_a_report_is_told_to_programs_and_to_readers(export: Path) -> None:
    told = verify_path(export).to_json()
    assert (told["valid"], told["kind"], told["leaves"], told["root"]) == (True, "export", 11, root(HASHES).hex())
    text = verify_path(export).to_text()
    assert str(SIGNER.verifier) in text
    assert "11 leaves hash to the root, 11 of them disclosed; 1 earlier checkpoints" in text
    assert "compare it with the one the consortium publishes" in text
    assert "compare" not in verify_path(export, key=SIGNER.verifier).to_text()
    assert "action: hop.answered" in verify_path(write_proof(export, 2)).to_text()


def test_a_proof_for_another_leaf_is_refused(export: Path) -> None:
    path = write_proof(export, 6)
    mine, other = (base64.b64encode(leaf).decode() for leaf in (LEAVES[6], LEAVES[5]))
    path.write_text(path.read_text().replace(mine, other))
    with pytest.raises(BrokenProof, match="does not lead"):
        verify_path(path)


@pytest.mark.parametrize(
    ("old", "new"), [("index 6", "index 06"), ("index 6", "index x"), ("extra ", "other "), ("index 6", "index 7")]
)
def test_a_damaged_proof_is_refused(export: Path, old: str, new: str) -> None:
    path = write_proof(export, 6)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BrokenProof):
        verify_path(path)


def test_what_cannot_be_verified_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        verify_path(tmp_path / "nothing")
    with pytest.raises(BadInput, match="without a checkpoint"):
        verify_path(tmp_path)
    (tmp_path / "checkpoint").write_text(checkpoint_of(3))
    with pytest.raises(NotFound, match="no key"):
        verify_path(tmp_path / "checkpoint")
    (tmp_path / "note.txt").write_text("hello\n")
    with pytest.raises(BadInput, match="neither"):
        verify_path(tmp_path / "note.txt", key=SIGNER.verifier)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        verify_path(tmp_path / "binary", key=SIGNER.verifier)


def test_a_leaf_keeps_numbers_of_any_size() -> None:
    leaf = leaf_bytes({"huge": 1e20, "small": 1e-9, "whole": 7}, salt=b"0" * 16)
    assert read_leaf(leaf)["huge"] == 1e20


@pytest.mark.parametrize("leaf", [b"", b"[]", b'{"a":1}', b'{"salt":"00"}'])
def test_a_leaf_without_salt_is_no_leaf(leaf: bytes) -> None:
    with pytest.raises(BrokenProof):
        read_leaf(leaf)
