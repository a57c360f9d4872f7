"""The provider's own directory, ``book.toml``: sources, trunks, customers and lists.

The book is private to its provider. It says which records each switch writes, who is at the other
end of every trunk, and which customers the provider serves. Reading it never guesses: what is
wrong with it is named with its field and how to mend it.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from hopback.kernel.errors import BadInput
from hopback.records.finding import Ends
from hopback.records.schema import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hopback.kernel.calls import CallRecord

__all__ = ["Book", "BookSource", "Customer", "NumberList", "Trunk", "read_book"]

LIST_NAMES: Final = ("numbers", "do_not_originate", "do_not_call")
DECLARED_USES: Final = ("conversational", "dialer", "notification", "carrier")


@dataclass(frozen=True, slots=True)
class BookSource:
    """One switch or export: how its files are read, where they lie, and how many days of calls are kept."""

    reading: Source
    files: str
    retention_days: int | None = None

    @property
    def name(self) -> str:
        """The name trunks refer to."""
        return self.reading.name


@dataclass(frozen=True, slots=True)
class Trunk:
    """Who is at the other end of a trunk, account or address: a peer or an own customer.

    ``valid_from`` and ``valid_to`` are UTC instants, half-open; None leaves that side open.
    """

    source: str
    match: str
    peer: str | None = None
    customer: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    strip_prefix: str | None = None

    def is_valid_at(self, at: datetime) -> bool:
        """Whether the row speaks of ``at``."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class Customer:
    """An own customer. A ``carrier`` is an upstream, named by its ``provider_id``."""

    id: str
    legal_name: str = ""
    contact_email: str = ""
    country: str = ""
    since: date | None = None
    declared_use: str = ""
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class NumberList:
    """A list of numbers that matter when watching or answering, as a file beside the book."""

    name: str
    file: str


@dataclass(frozen=True)
class Book:
    """A provider's book, read and checked. ``folder`` is where it lies; file patterns start there."""

    provider_id: str
    folder: Path
    sources: tuple[BookSource, ...]
    trunks: tuple[Trunk, ...]
    customers: Mapping[str, Customer]
    lists: tuple[NumberList, ...] = ()

    @cached_property
    def _by_match(self) -> Mapping[tuple[str, str], Sequence[Trunk]]:
        rows: dict[tuple[str, str], list[Trunk]] = defaultdict(list)
        for trunk in self.trunks:
            rows[trunk.source, trunk.match].append(trunk)
        return rows

    def source(self, name: str) -> BookSource:
        """The source called ``name``."""
        return next(source for source in self.sources if source.name == name)

    def ends(self, record: CallRecord, at: datetime) -> Ends:
        """Who handed over the call of ``record`` and who received it, by the rows valid at ``at``."""
        upstream, customer, problem = self._sender(record, at)
        return Ends(upstream, customer, problem, self._receiver(record, at))

    def _sender(self, record: CallRecord, at: datetime) -> tuple[str | None, str | None, str | None]:
        for key in (record.ingress_trunk, record.customer_id, record.ingress_ip):
            rows = self._by_match.get((record.source, key), ()) if key else ()
            owners = {(row.peer, row.customer) for row in rows if row.is_valid_at(at)}
            if len(owners) > 1:
                return None, None, "two_owners"
            if owners:
                peer, customer = owners.pop()
                return self._owner(peer, customer)
            if rows:
                return None, None, "no_owner"
        return None, None, "no_owner"

    def _owner(self, peer: str | None, customer: str | None) -> tuple[str | None, str | None, str | None]:
        if peer == self.provider_id:
            return None, None, "itself"
        if peer is not None:
            return peer, None, None
        known = self.customers.get(customer or "")
        if known is not None and known.declared_use == "carrier":
            # A carrier among the customers is an upstream provider, not a caller.
            return (known.provider_id, None, None) if known.provider_id else (None, None, "carrier_unknown")
        return None, customer, None

    def _receiver(self, record: CallRecord, at: datetime) -> str | None:
        for key in (record.egress_trunk, record.egress_ip):
            rows = self._by_match.get((record.source, key), ()) if key else ()
            peers = {self._owner(row.peer, row.customer)[0] for row in rows if row.is_valid_at(at)}
            if len(peers) == 1:
                return peers.pop()
        return None


def read_book(path: Path) -> Book:
    """Read ``book.toml``.

    Raises:
        BadInput: the file is absent or no TOML, or a field is missing, of the wrong type, or names
            something the book does not have. The error names the field and the mend.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput("there is no book here", where=str(path), mend="name a book.toml that exists") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the book cannot be read: {error}", where=str(path), mend="save it as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"this is not TOML: {error}", where=str(path), mend="mend the line it names") from None
    return _Reader(path, data).book()


class _Reader:
    """Takes a parsed book apart, field by field, remembering where it is."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path = path
        self.data = data

    def book(self) -> Book:
        sources = tuple(self._sources())
        customers = {customer.id: customer for customer in self._customers()}
        zones = {source.name: source.reading.time_zone for source in sources}
        trunks = tuple(self._trunks(zones, customers))
        return Book(
            provider_id=self._text(self._table("provider"), "id", "provider"),
            folder=self.path.parent,
            sources=sources,
            trunks=trunks,
            customers=customers,
            lists=tuple(self._lists()),
        )

    def _sources(self) -> Iterator[BookSource]:
        names: set[str] = set()
        for where, row in self._rows("sources"):
            name = self._text(row, "name", where)
            if name in names:
                raise self._bad(f"{where}.name", f"a source {name!r} is there twice", "give each source its own name")
            names.add(name)
            zone = self._optional(row, "time_zone", where)
            self._check_zone(zone, where)
            try:
                reading = Source(
                    name=name,
                    format=self._optional(row, "format", where) or "auto",
                    time_zone=zone,
                    encoding=self._optional(row, "encoding", where),
                    home_country=self._optional(row, "home_country", where) or "US",
                    area_code=self._optional(row, "area_code", where),
                    columns=self._columns(row, where),
                )
            except BadInput as error:
                raise self._bad(where, error.message, error.mend) from None
            yield BookSource(reading, self._text(row, "files", where), self._days(row, where))
        if not names:
            raise self._bad("sources", "the book names no source of call records", "add a [[sources]] table")

    def _customers(self) -> Iterator[Customer]:
        seen: set[str] = set()
        for where, row in self._rows("customers"):
            customer_id = self._text(row, "id", where)
            if customer_id in seen:
                raise self._bad(f"{where}.id", f"customer {customer_id!r} is there twice", "keep one row for each")
            seen.add(customer_id)
            use = self._optional(row, "declared_use", where) or ""
            if use and use not in DECLARED_USES:
                raise self._bad(
                    f"{where}.declared_use", f"{use!r} is no declared use", f"one of {', '.join(DECLARED_USES)}"
                )
            since = row.get("since")
            yield Customer(
                id=customer_id,
                legal_name=self._optional(row, "legal_name", where) or "",
                contact_email=self._optional(row, "contact_email", where) or "",
                country=self._optional(row, "country", where) or "",
                since=self._instant(since, f"{where}.since", None).date() if since else None,
                declared_use=use,
                provider_id=self._optional(row, "provider_id", where),
            )

    def _trunks(self, zones: Mapping[str, str | None], customers: Mapping[str, Customer]) -> Iterator[Trunk]:
        for where, row in self._rows("trunks"):
            source = self._text(row, "source", where)
            if source not in zones:
                raise self._bad(f"{where}.source", f"there is no source {source!r}", "name a source of this book")
            peer, customer = self._optional(row, "peer", where), self._optional(row, "customer", where)
            if (peer is None) == (customer is None):
                raise self._bad(where, "a trunk has either a peer or a customer", "give exactly one of the two")
            if customer is not None and customer not in customers:
                raise self._bad(f"{where}.customer", f"there is no customer {customer!r}", "add it under [[customers]]")
            zone = zones[source]
            begins, ends = row.get("valid_from"), row.get("valid_to")
            yield Trunk(
                source=source,
                match=self._text(row, "match", where),
                peer=peer,
                customer=customer,
                valid_from=self._instant(begins, f"{where}.valid_from", zone) if begins else None,
                valid_to=self._instant(ends, f"{where}.valid_to", zone) if ends else None,
                strip_prefix=self._optional(row, "strip_prefix", where),
            )

    def _lists(self) -> Iterator[NumberList]:
        for where, row in self._rows("lists"):
            name = self._text(row, "name", where)
            if name not in LIST_NAMES:
                raise self._bad(f"{where}.name", f"{name!r} is no list", f"one of {', '.join(LIST_NAMES)}")
            yield NumberList(name, self._text(row, "file", where))

    def _table(self, name: str) -> dict[str, Any]:
        table = self.data.get(name)
        if not isinstance(table, dict):
            raise self._bad(name, f"the book has no [{name}] table", f"add [{name}]")
        return table

    def _rows(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        rows = self.data.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._bad(name, f"{name} is not a list of tables", f"write [[{name}]] before each")
        for number, row in enumerate(rows):
            yield f"{name}[{number}]", row

    def _text(self, row: dict[str, Any], key: str, where: str) -> str:
        value = self._optional(row, key, where)
        if value is None:
            raise self._bad(f"{where}.{key}", "this is missing", f'add {key} = "…"')
        return value

    def _optional(self, row: dict[str, Any], key: str, where: str) -> str | None:
        value = row.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self._bad(f"{where}.{key}", f"{value!r} is not text", 'put it in quotes: "…"')
        return str(value)

    def _days(self, row: dict[str, Any], where: str) -> int | None:
        value = row.get("retention_days")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._bad(
                f"{where}.retention_days", f"{value!r} is no number of days", "write whole days, such as 90"
            )
        return value

    def _columns(self, row: dict[str, Any], where: str) -> dict[str, str]:
        columns = row.get("columns", {})
        if not isinstance(columns, dict) or not all(isinstance(value, str) for value in columns.values()):
            raise self._bad(f"{where}.columns", "this maps no names to names", 'write calling = "A_NUMBER"')
        return dict(columns)

    def _check_zone(self, zone: str | None, where: str) -> None:
        if zone is None:
            return
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise self._bad(
                f"{where}.time_zone", f"{zone!r} is no time zone", "use an IANA name such as America/Chicago"
            ) from None

    def _instant(self, value: Any, where: str, zone: str | None) -> datetime:
        """An instant in UTC; a date is midnight in ``zone``, UTC where there is none."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise self._bad(where, f"{value!r} is no date", "write 2026-10-27 or a full instant") from None
        if isinstance(value, datetime):
            local = value
        elif isinstance(value, date):
            local = datetime.combine(value, time())
        else:
            raise self._bad(where, f"{value!r} is no date", "write 2026-10-27 or a full instant")
        if local.tzinfo is None:
            local = local.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
        return local.astimezone(UTC)

    def _bad(self, where: str, message: str, mend: str) -> BadInput:
        return BadInput(message, where=f"{self.path}: {where}", mend=mend)
