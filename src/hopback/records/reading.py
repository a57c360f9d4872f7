"""Files of call records as blocks of clean UTF-8 lines, whatever they are packed and written in.

Plain or gzip'd is told by the first bytes, never by the name. A block ends at a line's end. Nothing is
lost over an accent: what is not UTF-8 is read as Windows-1252 (which holds what Latin-1 files contain), line by line.
A gzip file that breaks off gives every row before the break, and says so.
"""

from __future__ import annotations

import codecs
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

__all__ = ["BLOCK", "Block", "Reading", "read_blocks"]

BLOCK: Final = 4 << 20
"""Bytes read and looked at in one step; small enough for the processor's cache."""
_PIECE: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF8_NAMES: Final = frozenset({"utf-8", "utf-8-sig", "ascii"})
_LONGEST_BLOCKS: Final = 3
_MOST_AT_ONCE: Final = 16 << 20


@dataclass(slots=True)
class Reading:
    """What was found out about a file while it was read; complete when its last block was taken.

    ``sha256`` is of the file's own bytes. ``encoding`` is what its lines turned out to be in. ``broken`` says in
    words why reading stopped early, empty when it did not; the last line is then cut off.
    """

    size: int = 0
    sha256: str = ""
    encoding: str = "ascii"
    broken: str = ""
    is_gzip: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in UTF-8; ``is_last`` ends the file.

    Only the last line of the last block may lack its line end.
    """

    data: bytes
    is_last: bool


def read_blocks(path: Path, reading: Reading, *, encoding: str | None = None, block: int = BLOCK) -> Iterator[Block]:
    """The lines of a file in blocks of about ``block`` bytes, filling in ``reading`` on the way.

    ``encoding`` is the source's own, else it is found out. Raises :class:`BadInput` where the file cannot be
    opened or read at all.
    """
    digest = _Digest()
    try:
        with digest, path.open("rb") as file:
            head = file.peek(4)[:4]
            reading.is_gzip = head.startswith(_GZIP)
            pieces = _unzipped(file, reading, digest) if reading.is_gzip else _plain(file, reading, digest, block)
            declared = None if encoding is None or codecs.lookup(encoding).name in _UTF8_NAMES else encoding
            for data, is_last in _lines(_in_utf8(pieces, reading, encoding), block):
                clean = _clean(data, reading, None if reading.encoding.startswith("utf-16") else declared)
                yield Block(clean, is_last)
    except OSError as error:
        raise BadInput(
            f"cannot be read: {error.strerror or error}", where=str(path), mend="check the path and its permissions"
        ) from error
    reading.sha256 = digest.hexdigest()


class _Digest:
    """A file's SHA-256, worked out beside the reading: on a large file it takes as long as the rest of it."""

    def __init__(self) -> None:
        self._sha256 = sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._is_begun = False

    def __enter__(self) -> None:
        """Nothing yet: a small file needs no second thread."""

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()  # waits for what is still to be taken in
            self._pool = None

    def update(self, piece: bytes) -> None:
        """Take in the next piece."""
        if self._is_begun and self._pool is None:
            self._pool = ThreadPoolExecutor(1)
        self._is_begun = True
        if self._pool is None:
            self._sha256.update(piece)
        else:
            self._pool.submit(self._sha256.update, piece)

    def hexdigest(self) -> str:
        """The digest, once the file has been read."""
        return self._sha256.hexdigest()


def _plain(file: BufferedReader, reading: Reading, digest: Any, block: int) -> Iterator[bytes]:
    while piece := file.read(block):
        reading.size += len(piece)
        digest.update(piece)
        yield piece


def _unzipped(file: BufferedReader, reading: Reading, digest: Any) -> Iterator[bytes]:
    """Every member of the file, up to a break. Zeros between and after members are tape padding."""
    unzip = None
    while piece := file.read(_PIECE):
        reading.size += len(piece)
        digest.update(piece)
        while piece:
            if unzip is None:
                piece = piece.lstrip(b"\0")
                if not piece:
                    break
                unzip = zlib.decompressobj(wbits=31)
            before = unzip.copy()
            try:
                yield unzip.decompress(piece, _MOST_AT_ONCE)
            except zlib.error as error:
                yield _up_to_damage(before, piece)
                reading.broken = (
                    f"the gzip data are damaged ({error}); rows before the damage are kept; ask for the file again"
                )
                while piece := file.read(_PIECE):
                    reading.size += len(piece)
                    digest.update(piece)
                return
            piece = unzip.unconsumed_tail or unzip.unused_data
            if unzip.eof:
                unzip = None
    if unzip is not None:
        reading.broken = "the gzip data end early; rows before the end are kept; ask for the file again"


def _up_to_damage(unzip: Any, piece: bytes) -> bytes:
    """What comes out of a damaged piece before the damage, byte by byte."""
    out = bytearray()
    for index in range(len(piece)):
        try:
            out += unzip.decompress(piece[index : index + 1])
        except zlib.error:
            break
    return bytes(out)


def _in_utf8(pieces: Iterator[bytes], reading: Reading, encoding: str | None) -> Iterator[bytes]:
    """UTF-16 to UTF-8, a byte-order mark taken off; 8-bit encodings are left to the lines."""
    first = next(pieces, b"")
    while len(first) < 4:  # noqa: PLR2004 -- a byte-order mark and a character
        more = next(pieces, None)
        if more is None:
            break
        first += more
    wide = next((name for mark, name in _UTF16.items() if first.startswith(mark)), None)
    if wide is None and encoding and codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        wide = encoding
    if wide:
        reading.encoding = wide
        decoder = codecs.getincrementaldecoder(wide)(errors="replace")
        yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "replace")
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from pieces


def _lines(pieces: Iterator[bytes], block: int) -> Iterator[tuple[bytes, bool]]:
    """Cut pieces at line ends. A line longer than some blocks is no call record and is cut where the block ends."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size < block:
            continue
        data = held[0] if len(held) == 1 else b"".join(held)
        cut = data.rfind(b"\n") + 1
        if cut == 0 and size < _LONGEST_BLOCKS * block:
            held = [data]
            continue
        cut = cut or len(data)
        yield data[:cut], False
        held = [data[cut:]]
        size = len(held[0])
    yield b"".join(held), True


def _clean(data: bytes, reading: Reading, declared: str | None) -> bytes:
    """Valid UTF-8 without NULs; the number of lines stays."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if data.isascii():
        return data
    if declared is not None:
        reading.encoding = declared
        return data.decode(declared, "replace").encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        return b"\n".join(_clean_line(line, reading) for line in data.split(b"\n"))
    _met(reading, "utf-8")
    return data


def _clean_line(line: bytes, reading: Reading) -> bytes:
    if line.isascii():
        return line
    try:
        line.decode()
    except UnicodeDecodeError:
        _met(reading, "windows-1252")
    else:
        _met(reading, "utf-8")
        return line
    try:
        return line.decode("windows-1252").encode()
    except UnicodeDecodeError:
        return line.decode("latin-1").encode()


def _met(reading: Reading, encoding: str) -> None:
    if reading.encoding == "ascii":
        reading.encoding = encoding
    elif encoding not in reading.encoding:
        reading.encoding = "utf-8 and windows-1252"
