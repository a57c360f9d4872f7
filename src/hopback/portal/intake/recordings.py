"""Recordings in the data folder: each kept once, under the SHA-256 of its bytes.

What a file is, is read from its first bytes; what its sender calls it is only shown. Nothing but sound
is kept, so that a browser is never handed anything else.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.conf import settings

from hopback.kernel.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.core.files.uploadedfile import UploadedFile

__all__ = ["LARGEST", "TYPES", "Part", "keep", "kept_at", "part_of", "sound_type"]

LARGEST: Final = 25 * 2**20
"""Bytes of a recording: an hour of telephone speech, ten minutes of uncompressed sound."""

PIECE: Final = 64 * 1024
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
HEAD: Final = 64

TYPES: Final = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/webm": "webm",
}
"""What is kept, and how such a file's name ends."""


def sound_type(head: bytes) -> str | None:
    """The media type that a file's first bytes say, None if that is no sound we keep."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6)):  # noqa: PLR2004 -- MPEG's frame sync, layers I to III
        return "audio/mpeg"
    if head[:4] == b"OggS":
        return "audio/ogg"
    if head[:4] == b"fLaC":
        return "audio/flac"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "audio/webm"
    return None


def keep(upload: UploadedFile[Any]) -> tuple[str, str, int]:
    """Keep an uploaded recording; returns its SHA-256, its media type and its size.

    Raises :class:`BadInput` for a file that is empty, too large or no sound.
    """
    if not upload.size:
        raise BadInput("the file is empty", where="recording")
    if upload.size > LARGEST:
        raise BadInput(f"is larger than {LARGEST // 2**20} MB", where="recording", mend="cut it to the call")
    upload.seek(0)
    found = sound_type(upload.read(HEAD))
    if found is None:
        raise BadInput(
            "is no sound that can be played here",
            where="recording",
            mend=f"send one of {', '.join(TYPES.values())}",
        )
    folder = settings.CONFIGURATION.folder / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{uuid4().hex}"
    hashed = hashlib.sha256()
    upload.seek(0)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in upload.chunks(PIECE):
                hashed.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        sha256 = hashed.hexdigest()
        place = _place(sha256)
        place.parent.mkdir(exist_ok=True)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
    return sha256, found, upload.size


def kept_at(sha256: str) -> Path:
    """Where a recording lies; :class:`NotFound` if it is gone."""
    place = _place(sha256)
    if not place.is_file():
        raise NotFound("the sound of this recording is not here any more")
    return place


class Part:
    """A stretch of a file, ``first`` to ``last`` byte inclusive, read piece by piece and closed at its end."""

    def __init__(self, file: IO[bytes], first: int, last: int) -> None:
        self.file = file
        self.first, self.left = first, last - first + 1

    def __iter__(self) -> Iterator[bytes]:
        """The pieces."""
        self.file.seek(self.first)
        while self.left > 0:
            piece = self.file.read(min(PIECE, self.left))
            if not piece:
                return
            self.left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a ``Range`` header asks for, None for the whole (RFC 9110 section 14.2).

    Several ranges at once are answered with the whole. Raises :class:`BadInput` for one that lies outside.
    """
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked.strip())
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        if not length:
            raise BadInput("no such bytes", where="Range")
        return size - length, size - 1
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise BadInput("no such bytes", where="Range")
    return start, end


def _place(sha256: str) -> Path:
    if not DIGEST.fullmatch(sha256):
        raise NotFound("there is no such recording")
    place: Path = settings.CONFIGURATION.folder / "recordings" / sha256[:2] / sha256
    return place
