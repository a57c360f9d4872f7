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


@dataclass
class Kit:
    """A provider's book, store and desk. Use it as a context manager: leaving closes the store."""

    book: Book
    store: Store
    desk: Desk
    reports: tuple[FileReport, ...]
    troubles: tuple[HopbackError, ...]
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
    book = read_book(book_path / "book.toml" if book_path.is_dir() else book_path)
    closing = ExitStack()
    try:
        folder = store_folder or Path(closing.enter_context(TemporaryDirectory(prefix="hopback-")))
        store = closing.enter_context(Store.open(folder))
        reports: list[FileReport] = []
        troubles: list[HopbackError] = []
        unread: list[str] = []
        for source in book.sources:
            try:
                report = load_source(store, source.reading, folder=book.folder, pattern=source.files, progress=on_file)
                reports += report.files
                troubles += [
                    BadInput(file.broken, where=file.path, mend="ask for the file again; what came before is kept")
                    for file in report.files
                    if file.broken
                ]
            except HopbackError as error:
                troubles.append(error)
                unread.append(source.name)
    except BaseException:
        closing.close()
        raise
    return Kit(book, store, Desk(book, store, tuple(unread)), tuple(reports), tuple(troubles), closing)
