"""The desk as a Django app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor


class DeskConfig(AppConfig):
    """The provider's desk: requests waiting on it, and answering them."""

    name = "hopback.portal.desk"
    label = "desk"

    def ready(self) -> None:
        """Put the tables under the audit log, and say where a request is shown."""
        from hopback.portal.desk.covering import register  # noqa: PLC0415 -- models exist only now
        from hopback.portal.desk.naming import note_who_is_meant  # noqa: PLC0415
        from hopback.portal.directory.provisional import when_decided  # noqa: PLC0415
        from hopback.portal.messages.channels import leads_to  # noqa: PLC0415

        register()
        leads_to("hop", _address)
        when_decided(note_who_is_meant)


def _address(actor: Actor, request_id: str) -> str:
    from django.urls import reverse  # noqa: PLC0415

    from hopback.portal.audit.actors import READERS, Role  # noqa: PLC0415

    if actor.role is Role.PROVIDER:
        return reverse("desk:request", args=[request_id])
    return reverse("desk:conversation", args=[request_id]) if actor.role in READERS else ""
