"""Files handed in with an answer: what is taken, where the bytes lie, and how they are given back.

A file is never opened or shown in a page: it is given back as a download, under its own name made harmless.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Final

from django.conf import settings

from hopback.kernel.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KINDS", "LARGEST", "MOST", "harmless", "keep", "kind_of", "path_of"]

LARGEST: Final = 5 * 2**20
MOST: Final = 10
"""Files to one request."""

KINDS: Final = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "pcap": (
        "application/vnd.tcpdump.pcap",
        (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"),
    ),
    "pcapng": ("application/x-pcapng", (b"\x0a\x0d\x0d\x0a",)),
    "wav": ("audio/wav", (b"RIFF",)),
    "txt": ("text/plain", ()),
    "csv": ("text/csv", ()),
    "log": ("text/plain", ()),
    "json": ("application/json", ()),
}
"""What is taken, by the ending of the name: the media type, and how such a file begins."""

NAME: Final = re.compile(r"[^\w.() -]+")


def harmless(name: str) -> str:
    """A file's name without folders, control characters or anything a shell or a header would mind."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = NAME.sub("_", last).strip(" .")[-120:].lstrip(" .")
    return cleaned or "file"


def kind_of(name: str, content: bytes) -> str:
    """The media type of a file that may be handed in. Raises :class:`BadInput` for any other."""
    if not content:
        raise BadInput(f"{name} is empty", where="files")
    if len(content) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST // 2**20} MB", where="files", mend="send the part that matters")
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    known = KINDS.get(ending)
    if known is None:
        raise BadInput(f"{name}: files of this kind are not taken", where="files", mend=f"send {', '.join(KINDS)}")
    kind, beginnings = known
    if beginnings and not content.startswith(beginnings):
        raise BadInput(f"{name} is not what its name says", where="files", mend="save it anew as what it is")
    if not beginnings and b"\x00" in content:
        raise BadInput(f"{name} is not text", where="files", mend="save it as plain text")
    return kind


def keep(content: bytes) -> str:
    """Put bytes into the data folder under their SHA-256, which is returned; what is there already stays."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = _place(sha256)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{sha256}.{os.getpid()}.{os.urandom(4).hex()}")
        with fresh.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return sha256


def path_of(sha256: str) -> Path:
    """Where the bytes lie. Raises :class:`NotFound` where they do not."""
    path = _place(sha256)
    if not path.is_file():
        raise NotFound("the bytes of this file are not kept here")
    return path


def _place(sha256: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound("there is no such file")
    folder: Path = settings.CONFIGURATION.folder
    return folder / "files" / sha256[:2] / sha256
