"""``hopback portal``: run the portal, work off what it owes, verify, keep and give back what it holds."""

# ruff: noqa: PLC0415 -- models can be imported only after Django is set up

from __future__ import annotations

import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from hopback.kernel.errors import BadInput, NotFound, Refused
from hopback.portal.serving import serve
from hopback.wire.stdout import write_json

if TYPE_CHECKING:
    from hopback.portal.config import Configuration

__all__ = ["app"]

app = App(name="portal", help="Run the consortium's portal. Settings come from HOPBACK_… in the environment.")

Json = Annotated[bool, Parameter(name="--json", negative="")]

BACKUP: Final = "hopback.sqlite3"
KEYS: Final = ("log.key", "portal.key")
"""What is kept beside the database: the key that signs the log, and the one that replies and webhooks need."""


@app.command
def up(*, host: str = "127.0.0.1", port: int = 8100, processes: int = 1, worker: bool = True) -> None:
    """Migrate the database and serve the portal, with a worker beside it, until stopped.

    Where others than this machine reach it, set HOPBACK_HTTPS and put a proxy that speaks HTTPS in front.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        processes: how many serve; more than one wants PostgreSQL.
        worker: also work off what is owed.
    """
    _set_up(migrate=True)
    from django.conf import settings

    if host not in {"127.0.0.1", "localhost", "::1"} and not settings.CONFIGURATION.https:
        raise Refused(
            f"on {host} others would read what is sent", where="HOPBACK_HTTPS", mend="set it to true, behind HTTPS"
        )
    stopped = Event()
    worker_thread = Thread(target=_work, args=(stopped,), daemon=True)

    def begin(address: str) -> None:
        sys.stderr.write(f"hopback: the portal is at {address}/ and its API at {address}/api/v1/\n")
        sys.stderr.flush()
        if worker:
            worker_thread.start()

    serve(host=host, port=port, processes=processes, on_ready=begin)
    stopped.set()
    if worker_thread.is_alive():
        worker_thread.join(timeout=30)


@app.command
def work() -> None:
    """Do what is owed when it is due: reminders, deadlines, seals. Run as many as you like."""
    _set_up(migrate=False)
    _work(_stop_on_signals())


@app.command
def verify(*, checkpoint: Path | None = None, json: Json = False) -> None:
    """Replay the sealed log against the tables.

    Args:
        checkpoint: a checkpoint kept elsewhere, which this log must begin with.
        json: machine output.
    """
    _set_up(migrate=False)
    from hopback.portal.audit.verify import verify as replay

    given = None
    if checkpoint is not None:
        try:
            given = checkpoint.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(f"cannot be read: {error}", where=str(checkpoint)) from None
    report = replay(given=given)
    if json:
        write_json({"valid": True, **asdict(report)})
        return
    rows = ", ".join(f"{count} of {name}" for name, count in report.rows.items())
    sys.stdout.write(
        f"log {report.origin}: {report.leaves} leaves sealed, {report.unsealed} since; root {report.root}\n"
    )
    sys.stdout.write(f"{report.checkpoints} checkpoints signed; rows covered: {rows}\n")


@app.command
def export(folder: Path, /, *, json: Json = False) -> None:
    """Seal the log and write it to a folder that ``hopback verify`` checks offline.

    Args:
        folder: where to.
        json: machine output.
    """
    _set_up(migrate=False)
    from hopback.portal.audit.sealing import export as write
    from hopback.portal.audit.sealing import seal

    seal(at=datetime.now(UTC))
    checkpoint = write(folder)
    if json:
        write_json({"folder": str(folder), "size": checkpoint.size, "root": bytes(checkpoint.root).hex()})
    else:
        sys.stdout.write(f"{checkpoint.size} leaves in {folder}\n")


@app.command(name="import-providers")
def import_providers(sheet: Path, /) -> None:
    """Take over a ``providers.csv``.

    Args:
        sheet: the file.
    """
    _set_up(migrate=True)
    from hopback.portal.audit.actors import SYSTEM
    from hopback.portal.directory.actions import import_providers as take_over
    from hopback.portal.directory.sheets import read_providers

    count = take_over(SYSTEM, read_providers(sheet), at=datetime.now(UTC))
    sys.stdout.write(f"{count} providers\n")


@app.command(name="import-codes")
def import_codes(file: Path, /, *, source: str, as_of: str, json: Json = False) -> None:
    """Take over code assignments (NPA-NXX and thousands blocks) from a CSV file.

    Args:
        file: the file.
        source: whose it is, for example NANPA.
        as_of: the day it stands for, like 2026-11-01.
        json: machine output.
    """
    _import("codes", file, source=source, as_of=as_of, json=json)


@app.command(name="import-ports")
def import_ports(file: Path, /, *, source: str, as_of: str, json: Json = False) -> None:
    """Take over ported numbers from a CSV file.

    Args:
        file: the file.
        source: whose it is, for example NPAC.
        as_of: the day it stands for, like 2026-11-01.
        json: machine output.
    """
    _import("ports", file, source=source, as_of=as_of, json=json)


@app.command(name="import-registry")
def import_registry(file: Path, /, *, as_of: str, source: str = "FCC", json: Json = False) -> None:
    """Take over an export of the FCC's Robocall Mitigation Database.

    Args:
        file: the file.
        as_of: the day it stands for, like 2026-11-01.
        source: whose it is.
        json: machine output.
    """
    _import("registry", file, source=source, as_of=as_of, json=json)


@app.command
def key(provider: str, /, *, days: int = 365) -> None:
    """Issue an API key to a provider's program. It is shown once, on stdout.

    Args:
        provider: the provider's id in the directory.
        days: how long it lasts.
    """
    _set_up(migrate=False)
    from hopback.portal.accounts.actions import issue_key
    from hopback.portal.accounts.models import Organisation
    from hopback.portal.audit.actors import SYSTEM

    row = Organisation.objects.filter(pk=provider, kind="provider").first()
    if row is None:
        raise NotFound(f"no provider {provider}", mend="import it with hopback portal import-providers")
    if days < 1:
        raise BadInput("a key lasts at least a day", where="--days")
    sys.stdout.write(issue_key(SYSTEM, row, at=datetime.now(UTC), lasts=timedelta(days=days)) + "\n")


@app.command(name="mail-in")
def mail_in(message: Path | None = None, /) -> None:
    """Take in one mail as it came (RFC 5322), for a mail server that hands mail to a program.

    Args:
        message: the file; without one the message is read from stdin.
    """
    _set_up(migrate=False)
    from hopback.portal.audit.actors import SYSTEM
    from hopback.portal.messages.actions import take_in

    try:
        raw = sys.stdin.buffer.read() if message is None else message.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(message)) from None
    taken = take_in(SYSTEM, raw, via="file", at=datetime.now(UTC))
    sys.stdout.write(f"{taken.uid} {taken.nature}{f' about {taken.about}' if taken.about else ''}\n")


@app.command
def person(*, email: str, name: str, organisation: str = "consortium", part: str = "lead", json: Json = False) -> None:
    """Invite somebody, such as the first lead, by mail; the link is printed too. It is good once, for seven days.

    Args:
        email: the mail address.
        name: what they are called.
        organisation: the id of whom they are to act for; what is not known yet is taken in, providers excepted.
        part: analyst, lead, auditor, provider_responder, provider_administrator, agency_investigator or source.
        json: machine output.
    """
    _set_up(migrate=True)
    from hopback.portal.accounts.actions import found_organisation, invite
    from hopback.portal.accounts.models import PARTS_OF, Organisation
    from hopback.portal.audit.actors import SYSTEM

    at = datetime.now(UTC)
    kind = next((kind for kind, parts in PARTS_OF.items() if part in parts), None)
    if kind is None:
        raise BadInput(f"there is no part {part}", where="--part")
    row = Organisation.objects.filter(pk=organisation).first()
    if row is None and kind == "provider":
        raise NotFound(f"no provider {organisation}", mend="import it with hopback portal import-providers")
    if row is None:
        row = found_organisation(SYSTEM, organisation, name=organisation, kind=kind, at=at)
    link = invite(SYSTEM, row, email=email, name=name, part=part, at=at)
    if json:
        write_json({"email": email, "organisation": row.pk, "part": part, "link": link})
    else:
        sys.stdout.write(link + "\n")


@app.command
def backup(folder: Path, /) -> None:
    """Copy an embedded database, also while it is in use, and the keys kept beside it.

    Args:
        folder: where to; it must not hold a backup yet.
    """
    database, configuration = _sqlite_file()
    target = folder / BACKUP
    if target.exists():
        raise Refused("there is a backup here already", where=str(target), mend="name a fresh folder")
    if not database.is_file():
        raise NotFound("there is no database", where=str(database))
    folder.mkdir(parents=True, exist_ok=True)
    _copy(database, target)
    for name in KEYS:
        if (configuration.folder / name).is_file():
            _copy_secret(configuration.folder / name, folder / name)
    sys.stdout.write(f"{target}\n")


@app.command
def restore(folder: Path, /) -> None:
    """Put a backup in the place of a database that is not there, and verify it.

    Args:
        folder: what ``backup`` wrote.
    """
    database, configuration = _sqlite_file()
    source = folder / BACKUP
    if not source.is_file():
        raise NotFound("there is no backup", where=str(source))
    if database.exists():
        raise Refused("there is a database already", where=str(database), mend="move it away first")
    database.parent.mkdir(parents=True, exist_ok=True)
    _copy(source, database)
    for name in KEYS:
        if (folder / name).is_file() and not (configuration.folder / name).exists():
            _copy_secret(folder / name, configuration.folder / name)
    verify()


def _import(kind: str, file: Path, *, source: str, as_of: str, json: bool) -> None:
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        raise BadInput(f"{as_of!r} is no date", where="--as-of", mend="like 2026-11-01") from None
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(file)) from None
    _set_up(migrate=True)
    from hopback.portal.audit.actors import SYSTEM
    from hopback.portal.directory.actions.imports import FileDraft, import_file, read_file

    at = datetime.now(UTC)
    row = import_file(SYSTEM, read_file(FileDraft(kind, file.name, source, day), content), at=at)
    is_new = row.imported_at == at
    if json:
        names = ("kind", "sha256", "rows", "added", "rejected")
        shown = {name: getattr(row, name) for name in names}
        write_json(shown | {"is_new": is_new, "rejects": row.report["rejects"]})
        return
    for one in row.report["rejects"][:20]:
        sys.stderr.write(f"hopback: {file.name}:{one['line']}: {one['why']}\n")
    note = "" if is_new else f"; it was taken over already, {row.imported_at:%Y-%m-%d %H:%M}Z"
    sys.stdout.write(f"{row.rows} rows, {row.added} of them new, {row.rejected} rejected{note}\n")


def _set_up(*, migrate: bool) -> None:
    from django.core.management import call_command

    from hopback.portal.config import read_configuration
    from hopback.portal.embedded import use

    configuration = read_configuration()
    if migrate:
        configuration.folder.mkdir(parents=True, exist_ok=True)
    use(configuration)
    if migrate:
        call_command("migrate", verbosity=0, interactive=False)


def _stop_on_signals() -> Event:
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _work(stopped: Event) -> None:
    from hopback.portal.jobs.working import begin_all, work_in_lanes

    begin_all(at=datetime.now(UTC))
    work_in_lanes(clock=lambda: datetime.now(UTC), is_stopped=stopped.is_set)


def _sqlite_file() -> tuple[Path, Configuration]:
    from hopback.portal.config import database_of, read_configuration

    configuration = read_configuration()
    described = database_of(configuration)
    if "sqlite3" not in described["ENGINE"]:
        raise Refused("this is for the embedded database", where="HOPBACK_DATABASE", mend="use pg_dump and pg_restore")
    return Path(described["NAME"]), configuration


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


def _copy_secret(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())
