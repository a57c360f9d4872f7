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

from hopback.kernel.errors import HopbackError
from hopback.provider.answering import Desk
from hopback.provider.book import Book, read_book
from hopback.records.loading import SourceSpec, load_source
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
            spec = SourceSpec(
                name=source.name,
                format=source.format,
                files=source.files,
                folder=book.folder,
                time_zone=source.time_zone,
                encoding=source.encoding,
                home_country=source.home_country,
                area_code=source.area_code,
                columns=source.columns,
                where=f"{book_path}: source {source.name!r}",
            )
            try:
                for report in load_source(store, spec):
                    reports.append(report)
                    if on_file is not None:
                        on_file(report)
                    if report.trouble is not None:
                        troubles.append(report.trouble)
            except HopbackError as error:
                troubles.append(error)
                unread.append(source.name)
    except BaseException:
        closing.close()
        raise
    return Kit(book, store, Desk(book, store, tuple(unread)), tuple(reports), tuple(troubles), closing)
