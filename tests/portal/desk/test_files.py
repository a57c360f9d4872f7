"""Files handed in: what is taken, how it is kept, how it is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hopback.portal.desk import files
from hopback.portal.desk.models import Attachment
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from hopback.portal.config import Configuration

PDF = b"%PDF-1.7\n..."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("page.svg", b"<svg onload=alert(1)>"),
        ("run.exe", b"MZ"),
        ("no-ending", b"x"),
        ("letter.pdf", b"<html>"),
        ("picture.png", PDF),
        ("notes.txt", b"a\x00b"),
        ("empty.txt", b""),
        ("long.txt", b"x" * (files.LARGEST + 1)),
        ("x.pdf.exe", PDF),
    ],
)
def test_a_file_that_is_not_taken_is_refused_and_what_was_typed_is_kept(
    name: str,
    content: bytes,
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
) -> None:
    hop = received("P1")
    data = filled("unsure") | {"files": SimpleUploadedFile(name, content)}
    answer = signed_in("Bell").post(f"/requests/{hop.request_id}/", data)
    assert answer.status_code == 422
    assert "Two records fit." in answer.content.decode()
    assert not Attachment.objects.exists()
    assert not Response.objects.exists()


def test_a_file_travels_with_the_answer_and_comes_back_as_a_download(
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
    portal: Configuration,
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    evil = SimpleUploadedFile('..\\..\\"><img src=x>.pdf', PDF)
    wrong = bell.post(f"/requests/{hop.request_id}/", filled("unsure", statement="", files=evil))
    assert wrong.status_code == 422  # the file was taken, and is kept while the rest is mended
    row = Attachment.objects.get()
    assert f'name="kept" value="{row.sha256}"' in wrong.content.decode()
    assert "<img" not in wrong.content.decode()
    assert bell.post(f"/requests/{hop.request_id}/", filled("unsure", kept=row.sha256)).status_code == 302
    assert Response.objects.get().body["details"]["attachments"] == [row.sha256]
    assert (portal.folder / "files" / row.sha256[:2] / row.sha256).read_bytes() == PDF
    back = bell.get(f"/requests/files/{row.pk}/")
    assert back.content == PDF
    assert back.headers["Content-Type"] == "application/octet-stream"
    assert back.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in back.headers["Content-Security-Policy"]
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert "/" not in row.name
    assert "<" not in row.name
    assert signed_in("Ada").get(f"/requests/files/{row.pk}/").content == PDF
    assert signed_in("Cole").get(f"/requests/files/{row.pk}/").status_code == 404


def test_nobody_names_a_file_handed_in_for_another_request(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    theirs, mine = received("P2"), received("P1", called=12025550199)
    cole, bell = signed_in("Cole"), signed_in("Bell")
    cole.post(f"/requests/{theirs.request_id}/", filled("unsure", files=SimpleUploadedFile("a.pdf", PDF)))
    row = Attachment.objects.get()
    assert bell.post(f"/requests/{mine.request_id}/", filled("unsure", kept=row.sha256)).status_code == 302
    assert Response.objects.get(hop=mine).body["details"]["attachments"] == []


def test_the_same_bytes_count_once_and_there_is_an_end_to_files(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    for number in (0, 0, *range(1, 10)):
        file = SimpleUploadedFile("a.txt", f"{number}".encode())
        bell.post(f"/requests/{hop.request_id}/", filled("unsure", statement="", files=file))
    assert Attachment.objects.count() == files.MOST
    more = bell.post(
        f"/requests/{hop.request_id}/", filled("unsure", files=SimpleUploadedFile("b.txt", b"one too many"))
    )
    assert more.status_code == 422
    assert Attachment.objects.count() == files.MOST


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.txt", "b.txt"),
        ("", "file"),
        ("...", "file"),
        ("a\r\nSet-Cookie: x.pdf", "a_Set-Cookie_ x.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    assert files.harmless(given) == kept
