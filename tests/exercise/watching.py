"""See which files are opened, whoever opens them: a thin layer over Linux inotify(7)."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from typing import Self

IN_ACCESS, IN_OPEN, IN_ISDIR = 0x1, 0x20, 0x40000000
_EVENT = struct.Struct("iIII")


class Watch:
    """Watches files and everything below folders for being opened or read."""

    def __init__(self, *paths: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._names: dict[int, Path] = {}
        for path in paths:
            for one in (path, *path.rglob("*")) if path.is_dir() else (path,):
                if one.is_dir() or one == path:
                    self._add(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _add(self, path: Path) -> None:
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), IN_ACCESS | IN_OPEN)
        if number < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(path))
        self._names[number] = path

    def opened(self) -> set[Path]:
        """The files opened or read since the last look. Listing a folder does not count."""
        seen: set[Path] = set()
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return seen
            at = 0
            while at < len(data):
                number, mask, _cookie, length = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
                at += _EVENT.size + length
                if not mask & IN_ISDIR:
                    seen.add(self._names[number] / os.fsdecode(name) if name else self._names[number])
