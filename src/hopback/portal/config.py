"""What the portal is told by its environment.

Every setting is an environment variable with the prefix ``HOPBACK_``; a secret may be given as a
file instead (``HOPBACK_SECRET_KEY_FILE``), as container platforms hand them out.
"""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hopback.kernel.errors import BadInput
from hopback.proofs.notes import Signer, new_signer

__all__ = ["Configuration", "database_of", "read_configuration"]


class Configuration(BaseSettings):
    """The portal's settings.

    ``data`` is the folder for what the portal keeps beside its database: the default database,
    generated secrets. Where it is not given it is the folder of the SQLite file, else this one.
    ``database`` is the path of a SQLite file or a ``postgresql://`` URL.
    ``synchronous`` is SQLite's: FULL keeps an acknowledged answer through a power loss; NORMAL is
    for tests, demonstrations and exercises. ``exercise`` allows the policy and the actor of an
    exercise, which a real portal does not have. ``log_origin`` names the audit log in checkpoints.
    ``https`` is how a real portal is served: secure cookies, HSTS, redirects; ``behind_proxy`` trusts the
    ``X-Forwarded-Proto`` of the proxy in front. ``api_rate`` is how many requests a minute one key may make of a
    process.
    """

    model_config = SettingsConfigDict(env_prefix="HOPBACK_", extra="ignore", frozen=True)

    data: Path | None = None
    database: str = ""
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    log_key: SecretStr | None = None
    log_key_file: Path | None = None
    log_origin: str = "hopback.localhost/audit"
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    exercise: bool = False
    https: bool = False
    behind_proxy: bool = False
    api_rate: int = 600
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "testserver")

    @property
    def folder(self) -> Path:
        """Where what is kept beside the database lies."""
        if self.data is not None:
            return self.data
        return Path(self.database).parent if self.database and "://" not in self.database else Path()

    def django_secret(self) -> str:
        """The key Django signs with: as given, or one for the life of this process."""
        given = _secret(self.secret_key, self.secret_key_file, where="HOPBACK_SECRET_KEY_FILE")
        return given or secrets.token_urlsafe(48)

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
