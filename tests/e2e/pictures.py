"""Pictures for the documents, small: the 256 colours a page has most of, in place of 16 million."""

from __future__ import annotations

import struct
import zlib

import numpy as np

__all__ = ["smaller"]


def smaller(png: bytes) -> bytes:
    """The same picture with a palette; ``png`` has 8 bits a channel and is not interlaced, as Chromium writes it."""
    width, height, pixels = _read(png)
    packed = pixels[..., 0].astype(np.uint32) << 16 | pixels[..., 1].astype(np.uint32) << 8 | pixels[..., 2]
    colours, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(counts)[::-1][:256])
    palette = np.stack([colours[kept] >> 16 & 255, colours[kept] >> 8 & 255, colours[kept] & 255], axis=1).astype(int)
    every = np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1).astype(int)
    nearest = np.array([((palette - one) ** 2).sum(axis=1).argmin() for one in every], dtype=np.uint8)
    rows = nearest[where.reshape(height, width)]
    lines = np.concatenate([np.zeros((height, 1), dtype=np.uint8), rows], axis=1)
    return (
        png[:8]
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _read(png: bytes) -> tuple[int, int, np.ndarray]:
    """Width, height and the pixels (PNG, third edition, sections 9 and 11.2)."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlaced) == (8, 0)
    channels = {2: 3, 6: 4}[colour]
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    raw, stride = zlib.decompress(data), width * channels
    above = bytearray(stride)
    lines = []
    for row in range(height):
        start = row * (stride + 1)
        above = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, step=channels)
        lines.append(bytes(above))
    return width, height, np.frombuffer(b"".join(lines), dtype=np.uint8).reshape(height, width, channels)


def _unfiltered(kind: int, line: bytearray, above: bytearray, *, step: int) -> bytearray:
    for at in range(len(line)):
        left = line[at - step] if at >= step else 0
        up = above[at]
        if kind == 1:
            add = left
        elif kind == 2:
            add = up
        elif kind == 3:
            add = (left + up) // 2
        elif kind == 4:
            corner = above[at - step] if at >= step else 0
            guess = left + up - corner
            add = min((left, up, corner), key=lambda one: abs(guess - one))
        else:
            return line
        line[at] = (line[at] + add) & 255
    return line
