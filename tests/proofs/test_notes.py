from __future__ import annotations

import pytest

from hopback.kernel.errors import BadInput, BrokenProof
from hopback.proofs.checkpoints import Checkpoint, open_checkpoint, read_checkpoint, sign_checkpoint
from hopback.proofs.notes import Signer, Verifier, names_signed, new_signer, sign, verify
from hopback.proofs.tree import EMPTY

# the key pair and note in the documentation of Go's golang.org/x/mod/sumdb/note, published to be tested against
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # noqa: S105 -- published
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_key_and_note_are_read_and_written_alike() -> None:
    signer = Signer.parse(SECRET)
    assert str(signer.verifier) == PUBLIC
    assert signer.secret() == SECRET
    assert sign(TEXT, by=signer) == NOTE
    assert verify(NOTE, by=Verifier.parse(PUBLIC)) == TEXT


def test_a_changed_text_or_another_key_is_refused() -> None:
    with pytest.raises(BrokenProof, match="does not hold"):
        verify(NOTE.replace("answer", "reason"), by=Verifier.parse(PUBLIC))
    with pytest.raises(BrokenProof, match="not signed by"):
        verify(NOTE, by=new_signer("PeterNeumann").verifier)


def test_signatures_by_others_are_passed_over() -> None:
    other = sign(TEXT, by=new_signer("witness.example")).removeprefix(TEXT + "\n")
    both = TEXT + "\n" + other + NOTE.removeprefix(TEXT + "\n")
    assert verify(both, by=Verifier.parse(PUBLIC)) == TEXT
    assert names_signed(both) == ("witness.example", "PeterNeumann")


@pytest.mark.parametrize("text", ["no newline", "", "\n", "a\n\n— forged x\n"])
def test_a_text_that_would_be_read_differently_is_not_signed(text: str) -> None:
    with pytest.raises(BadInput):
        sign(text, by=Signer.parse(SECRET))


@pytest.mark.parametrize("key", ["", "a+b", PUBLIC.replace("c74f20a3", "c74f20a4"), PUBLIC[:-4]])
def test_a_damaged_key_is_named_as_such(key: str) -> None:
    with pytest.raises(BadInput):
        Verifier.parse(key)


def test_a_signer_never_shows_its_secret_in_passing() -> None:
    assert "AYEK" not in repr(Signer.parse(SECRET))


def test_a_checkpoint_survives_the_trip() -> None:
    signer = new_signer("log.example")
    checkpoint = Checkpoint("log.example/audit", 12, EMPTY, ("sealed 2026-11-02T12:00:00Z",))
    note = sign_checkpoint(checkpoint, by=signer)
    assert note.split("\n")[:2] == ["log.example/audit", "12"]
    assert open_checkpoint(note, by=signer.verifier) == checkpoint == read_checkpoint(note)


@pytest.mark.parametrize("text", ["a\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n!\n", "a\nx\nAAAA\n"])
def test_a_malformed_checkpoint_is_refused_even_when_signed(text: str) -> None:
    signer = new_signer("log.example")
    with pytest.raises(BrokenProof):
        open_checkpoint(sign(text, by=signer), by=signer.verifier)
