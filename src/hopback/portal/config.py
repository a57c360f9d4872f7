"""What the portal is told by its environment.

Every setting is an environment variable with the prefix ``HOPBACK_``; a secret may be given as a
file instead (``HOPBACK_SECRET_KEY_FILE``), as container platforms hand them out.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hopback.kernel.errors import BadInput
from hopback.proofs.notes import Signer, new_signer

__all__ = ["Configuration", "MailServer", "Office", "database_of", "read_configuration"]


@dataclass(frozen=True, slots=True)
class Office:
    """Where mail comes from and where replies go: ``Traceback desk <desk@example.org>``, ``reply@example.org``."""

    sender: str
    replies: str

    @property
    def domain(self) -> str:
        """The domain in our message ids."""
        return parseaddr(self.sender)[1].rpartition("@")[2] or "hopback.localhost"

    def reply_to(self, token: str) -> str:
        """The mailbox that a reply to one message goes to (RFC 5233 subaddressing)."""
        local, _, domain = self.replies.rpartition("@")
        return f"{local}+{token}@{domain}"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server by URL: ``smtps://user:password@host:465``, ``smtp://host:587?starttls=yes``, ``imaps://…/INBOX``."""

    host: str
    port: int
    user: str
    password: str
    is_tls: bool
    starts_tls: bool
    folder: str
    timeout_s: float = 20.0

    @classmethod
    def parse(cls, url: str, *, where: str, plain: str, wrapped: str) -> MailServer:
        """Read a URL. A server elsewhere is spoken to in TLS, unless ``starttls=no`` says otherwise."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in {plain, wrapped} or not parts.hostname or port == -1:
            raise BadInput(
                "this is no mail server's URL", where=where, mend=f"write it as {wrapped}://user:password@host"
            )
        is_tls = parts.scheme == wrapped
        is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        usual = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}[parts.scheme]
        return cls(
            host=parts.hostname,
            port=port or usual,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            is_tls=is_tls,
            starts_tls=not is_tls and options.get("starttls", "no" if is_here else "yes") == "yes",
            folder=unquote(parts.path.strip("/")) or "INBOX",
        )


class Configuration(BaseSettings):
    """The portal's settings.

    ``data`` is the folder for what the portal keeps beside its database: the default database,
    generated secrets. Where it is not given it is the folder of the SQLite file, else this one.
    ``database`` is the path of a SQLite file or a ``postgresql://`` URL.
    ``old_secret_key`` is the one used before ``secret_key``: what it signed and encrypted is still read.
    ``synchronous`` is SQLite's: FULL keeps an acknowledged answer through a power loss; NORMAL is
    for tests, demonstrations and exercises. ``exercise`` allows the policy and the actor of an
    exercise, which a real portal does not have. ``log_origin`` names the audit log in checkpoints.
    ``https`` is how a real portal is served: secure cookies, HSTS, redirects; ``behind_proxy`` trusts the
    ``X-Forwarded-Proto`` of the one proxy in front, and the last address of its ``X-Forwarded-For``. ``api_rate`` is
    how many requests a minute one key may make of a process. ``second_factor`` names the kinds of organisations
    (``consortium``, ``provider``, ``agency``, ``source``) whose people need one. ``oidc_…`` let people sign in at an
    identity provider of their own: its issuer, what we are to it, and what it is called on the button.
    ``address`` is where the portal is found on the web, for the links in its mail.
    ``mail_from`` is who mail comes from, ``mail_replies`` the mailbox replies go to (by default the same), with
    subaddresses. Mail is sent by ``smtp_url``, or by ``email_backend``, the dotted name of a Django mail
    backend (with ``anymail``, JSON, for one of anymail's);
    it is read from ``imap_url`` every ``imap_every_s`` seconds, or handed in under ``mail_hook_secret``, up to
    ``mail_in_largest`` bytes. ``webhook_fails_for_days`` is how long an endpoint may fail before it is disabled;
    ``webhooks_to_loopback`` lets webhooks go to this machine, for tests.
    ``number_lookups`` names the look-ups asked about ported numbers, in order (``csv``, ``http``): ``lookup_file`` is
    the first one's file; ``lookup_url``, ``lookup_hosts``, ``lookup_token`` and ``lookup_timeout_s`` are the second's.
    """

    model_config = SettingsConfigDict(env_prefix="HOPBACK_", extra="ignore", frozen=True)

    data: Path | None = None
    database: str = ""
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    old_secret_key: SecretStr | None = None
    old_secret_key_file: Path | None = None
    log_key: SecretStr | None = None
    log_key_file: Path | None = None
    log_origin: str = "hopback.localhost/audit"
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    exercise: bool = False
    https: bool = False
    behind_proxy: bool = False
    api_rate: int = 600
    second_factor: tuple[Literal["consortium", "provider", "agency", "source"], ...] = ("consortium", "agency")
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: SecretStr | None = None
    oidc_secret_file: Path | None = None
    oidc_name: str = "your organisation's sign-in"
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "testserver")

    address: str = "http://localhost:8100"
    mail_from: str = "Hopback traceback desk <traceback@hopback.localhost>"
    mail_replies: str = ""
    smtp_url: SecretStr | None = None
    smtp_url_file: Path | None = None
    email_backend: str = ""
    anymail: SecretStr | None = None
    anymail_file: Path | None = None
    imap_url: SecretStr | None = None
    imap_url_file: Path | None = None
    imap_every_s: int = 60
    mail_hook_secret: SecretStr | None = None
    mail_hook_secret_file: Path | None = None
    mail_in_largest: int = 25 * 2**20
    webhooks_to_loopback: bool = False
    webhook_fails_for_days: int = 5

    number_lookups: tuple[str, ...] = ()
    lookup_file: Path | None = None
    lookup_url: str = ""
    lookup_hosts: tuple[str, ...] = ()
    lookup_token: SecretStr | None = None
    lookup_token_file: Path | None = None
    lookup_timeout_s: float = Field(default=5.0, gt=0, le=30)

    @property
    def office(self) -> Office:
        """Where mail comes from and where replies go."""
        return Office(self.mail_from, self.mail_replies or parseaddr(self.mail_from)[1])

    @property
    def smtp(self) -> MailServer | None:
        """The server that mail is sent by, if one is set."""
        given = _secret(self.smtp_url, self.smtp_url_file, where="HOPBACK_SMTP_URL_FILE")
        return MailServer.parse(given, where="HOPBACK_SMTP_URL", plain="smtp", wrapped="smtps") if given else None

    def anymail_settings(self) -> dict[str, Any]:
        """What anymail is told of the service it sends by, such as its key."""
        given = _secret(self.anymail, self.anymail_file, where="HOPBACK_ANYMAIL_FILE")
        try:
            found = json.loads(given or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BadInput("this is no JSON object", where="HOPBACK_ANYMAIL", mend='{"POSTMARK_SERVER_TOKEN": "…"}')
        return found

    @property
    def imap(self) -> MailServer | None:
        """The mailbox that replies are read from, if one is set."""
        given = _secret(self.imap_url, self.imap_url_file, where="HOPBACK_IMAP_URL_FILE")
        return MailServer.parse(given, where="HOPBACK_IMAP_URL", plain="imap", wrapped="imaps") if given else None

    @property
    def keeps_mail(self) -> bool:
        """Whether mail is only kept, never sent: in an exercise or a demonstration without a mail server."""
        return self.exercise and not self.email_backend and self.smtp is None

    @property
    def sends_mail(self) -> bool:
        """Whether a letter gets anywhere at all."""
        return bool(self.email_backend) or self.smtp is not None or self.keeps_mail

    @property
    def posts_to_loopback(self) -> bool:
        """Whether webhooks may go to this machine itself, unencrypted: never outside exercises and tests."""
        return self.webhooks_to_loopback or self.exercise

    def mail_hook(self) -> bytes:
        """The secret that mail handed to ``/messages/in`` is signed with; empty lets none in."""
        return _secret(
            self.mail_hook_secret, self.mail_hook_secret_file, where="HOPBACK_MAIL_HOOK_SECRET_FILE"
        ).encode()

    @property
    def folder(self) -> Path:
        """Where what is kept beside the database lies."""
        if self.data is not None:
            return self.data
        return Path(self.database).parent if self.database and "://" not in self.database else Path()

    @property
    def oidc(self) -> dict[str, Any] | None:
        """The identity provider people may sign in at, as allauth wants it described; None if none is set."""
        if not self.oidc_issuer:
            return None
        issuer = urlsplit(self.oidc_issuer)
        is_here = issuer.hostname in {"localhost", "127.0.0.1", "::1"}
        if not issuer.hostname or (issuer.scheme != "https" and not is_here) or not self.oidc_client:
            raise BadInput(
                "an identity provider is an https:// address and knows us by a client id",
                where="HOPBACK_OIDC_ISSUER",
                mend="set HOPBACK_OIDC_ISSUER and HOPBACK_OIDC_CLIENT",
            )
        return {
            "provider_id": "oidc",
            "name": self.oidc_name,
            "client_id": self.oidc_client,
            "secret": _secret(self.oidc_secret, self.oidc_secret_file, where="HOPBACK_OIDC_SECRET_FILE"),
            "settings": {"server_url": self.oidc_issuer, "oauth_pkce_enabled": True},
        }

    @property
    def oidc_origin(self) -> str:
        """The origin a form may lead to when somebody signs in at the identity provider; empty if none is set."""
        issuer = urlsplit(self.oidc_issuer)
        return f"{issuer.scheme}://{issuer.netloc}" if self.oidc_issuer else ""

    def django_secret(self) -> str:
        """The key Django signs with: as given, or one for the life of this process."""
        given = _secret(self.secret_key, self.secret_key_file, where="HOPBACK_SECRET_KEY_FILE")
        return given or secrets.token_urlsafe(48)

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Keys of 32 bytes for one purpose, the one in use first, then the one used before.

        They follow from the secret key; where none is given, from one made once and kept in ``folder`` as
        ``portal.key``, so that every process of a portal has the same.
        """
        given = _secret(self.secret_key, self.secret_key_file, where="HOPBACK_SECRET_KEY_FILE")
        if not given:
            path = self.folder / "portal.key"
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                _write_once(path, secrets.token_urlsafe(48) + "\n")
            given = path.read_text(encoding="utf-8").strip()
        old = _secret(self.old_secret_key, self.old_secret_key_file, where="HOPBACK_OLD_SECRET_KEY_FILE")
        return tuple(hmac.digest(key.encode(), f"hopback:{purpose}".encode(), "sha256") for key in (given, old) if key)

    def lookup_bearer(self) -> str:
        """The token that goes along with a look-up of a number; empty if there is none."""
        return _secret(self.lookup_token, self.lookup_token_file, where="HOPBACK_LOOKUP_TOKEN_FILE")

    def log_signer(self) -> Signer:
        """The key that signs checkpoints: as given, or one made once and kept in ``folder`` as ``log.key``."""
        given = _secret(self.log_key, self.log_key_file, where="HOPBACK_LOG_KEY_FILE")
        if given:
            return Signer.parse(given, where="HOPBACK_LOG_KEY")
        path = self.folder / "log.key"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_once(path, new_signer(self.log_origin).secret() + "\n")
        return Signer.parse(path.read_text(encoding="utf-8"), where=str(path))


def read_configuration() -> Configuration:
    """The settings in the environment; raises :class:`BadInput` naming the first variable that is wrong."""
    try:
        return Configuration()
    except ValidationError as error:
        first = error.errors()[0]
        name = "HOPBACK_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadInput(first["msg"], where=name, mend="correct the environment variable") from None


def database_of(configuration: Configuration) -> dict[str, Any]:
    """Django's description of the database.

    SQLite takes its write lock at the beginning of a transaction (IMMEDIATE) and keeps a write-ahead
    log: with Django's defaults about a third of concurrent writes were lost to "database is locked".
    """
    given = configuration.database
    if given.startswith(("postgresql://", "postgres://")):
        return _postgresql(given)
    if "://" in given:
        raise BadInput(
            f"{given.partition('://')[0]} is no known database",
            where="HOPBACK_DATABASE",
            mend="give the path of a SQLite file or a postgresql:// URL",
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": given or str(configuration.folder / "hopback.sqlite3"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={configuration.synchronous};",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    if find_spec("psycopg") is None:
        raise BadInput("PostgreSQL needs psycopg", where="HOPBACK_DATABASE", mend="install hopback[postgres]")
    parts = urlsplit(url)
    if not parts.path.strip("/"):
        raise BadInput("the URL names no database", where="HOPBACK_DATABASE", mend="postgresql://user@host/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _secret(value: SecretStr | None, path: Path | None, *, where: str) -> str:
    if value is not None:
        return value.get_secret_value()
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", where=where) from None


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its owner reads; whoever comes second keeps what is there."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
