"""The campaigns as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Which calls are the same call, and what is known of them."""

    name = "hopback.portal.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        """Put the versions under the audit log."""
        from hopback.portal.audit import covering  # noqa: PLC0415 -- models exist only now
        from hopback.portal.campaigns.actions import version_form  # noqa: PLC0415
        from hopback.portal.campaigns.models import CampaignVersion  # noqa: PLC0415

        covering.cover(CampaignVersion, form=version_form)
