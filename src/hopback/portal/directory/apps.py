"""The directory as a Django app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from hopback.portal.audit.actors import READERS

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor


class DirectoryConfig(AppConfig):
    """Providers and what is claimed of them, their contacts, numbers, the public registry."""

    name = "hopback.portal.directory"
    label = "directory"

    def ready(self) -> None:
        """Put the tables under the audit log, and say where providers are shown."""
        from hopback.portal.directory.covering import register  # noqa: PLC0415 -- models exist only now
        from hopback.portal.messages.channels import leads_to  # noqa: PLC0415

        register()
        leads_to("provider", _provider)
        leads_to("provisional", _provisional)


def _provider(actor: Actor, provider_id: str) -> str:
    from django.urls import reverse  # noqa: PLC0415

    if actor.role in READERS:
        return reverse("directory:provider", args=[provider_id])
    return reverse("directory:own") if actor.provider == provider_id else ""


def _provisional(actor: Actor, number: str) -> str:
    from django.urls import reverse  # noqa: PLC0415

    return reverse("directory:provisional", args=[number]) if actor.role in READERS else ""
