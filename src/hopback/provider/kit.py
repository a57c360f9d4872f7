"""A provider's kit opened: its book read, its records loaded, its desk ready.

The kit reads its book, the files the book names and its own store, and nothing else. A source that
cannot be read costs that source and no other: the kit goes on with what it has, says so in one
line, and never claims that a call is absent while something is unread.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from hopback.kernel.errors import BadInput, HopbackError
from hopback.provider.answering import Desk
from hopback.provider.book import Book, read_book
from hopback.records.loading import load_source
from hopback.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from hopback.records.loading import FileReport

__all__ = ["Kit", "open_kit"]

_A_FEW = 5  # lines that any file may have wrong without anybody asking what it is


@dataclass
class Kit:
    """A provider's book, store and desk. Use it as a context manager: leaving closes the store.

    ``troubles`` are what could not be read, one line each; ``unopened`` the sources of which a whole file
    or more could not be used.
    """

    book: Book
    store: Store
    desk: Desk
    reports: tuple[FileReport, ...]
    troubles: tuple[HopbackError, ...]
    unopened: tuple[str, ...]
    _closing: ExitStack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()


def open_kit(book_path: Path, store_folder: Path | None, *, on_file: Callable[[FileReport], None] | None = None) -> Kit:
    """Read the book, load what is new in its sources, and open the desk.

    Args:
        book_path: ``book.toml``, or the folder it lies in.
        store_folder: where loaded records are kept; None loads into a folder that goes away.
        on_file: told of each file as it has been loaded.

    Raises:
        BadInput: the book itself cannot be used. What is wrong with one source or file is kept in
            ``troubles`` instead, so that the others are loaded.
    """
    path = book_path / "book.toml" if book_path.is_dir() else book_path
    book = read_book(path)
    closing = ExitStack()
    try:
        folder = store_folder or Path(closing.enter_context(TemporaryDirectory(prefix="hopback-")))
        store = closing.enter_context(Store.open(folder))
        reports: list[FileReport] = []
        troubles: list[HopbackError] = []
        unread: list[str] = []
        unopened: list[str] = []
        for source in book.sources:
            try:
                report = load_source(store, source.reading, folder=book.folder, pattern=source.files, progress=on_file)
                reports += report.files
                for file in report.files:
                    said = file.broken or _mostly_rejected(file)
                    if said:
                        troubles.append(BadInput(said, where=f"{path}: source {source.name!r}: {file.path}"))
                        unread.append(source.name)
                    if file.status == "refused":
                        unopened.append(source.name)
            except HopbackError as error:
                where = f"{path}: {error.where}" if source.name in error.where else f"{path}: source {source.name!r}"
                troubles.append(BadInput(error.message, where=where, mend=error.mend))
                unread.append(source.name)
                unopened.append(source.name)
    except BaseException:
        closing.close()
        raise
    desk = Desk(book, store, tuple(dict.fromkeys(unread)))
    return Kit(book, store, desk, tuple(reports), tuple(troubles), tuple(unopened), closing)


def _mostly_rejected(file: FileReport) -> str:
    """What to say of a file of which more lines are rejected than used; empty for any other."""
    used = file.kept + file.duplicates
    if file.rejected < _A_FEW or file.rejected <= used:
        return ""
    return (
        f"{file.rejected} of {file.read} lines cannot be used; look at the reject file, and whether the format is right"
    )
