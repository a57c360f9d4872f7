"""The portal inside another process, on a fresh SQLite file: what an exercise and the tests use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections

from hopback.portal.config import Configuration, database_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["configure", "use"]


def configure(
    database: Path, *, synchronous: Literal["FULL", "NORMAL"] = "NORMAL", exercise: bool = True
) -> Configuration:
    """Open a portal on ``database``, a SQLite file that is created and migrated if it is not there.

    What the portal keeps beside its database (the key that signs the audit log) is kept in the same
    folder. Returns the configuration in use.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    configuration = Configuration(
        data=database.parent, database=str(database), synchronous=synchronous, exercise=exercise
    )
    use(configuration)
    call_command("migrate", verbosity=0, interactive=False)
    return configuration


def use(configuration: Configuration) -> None:
    """Point this process at a portal's database, leaving whatever it was pointed at before."""
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hopback.portal.settings")
        django.setup()
    connections.close_all()
    settings.CONFIGURATION = configuration
    databases = connections.configure_settings({DEFAULT_DB_ALIAS: database_of(configuration)})
    connections.settings.update(databases)
    connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
