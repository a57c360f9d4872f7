"""The referrals as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """What agencies ask for and are shown."""

    name = "hopback.portal.referrals"
    label = "referrals"

    def ready(self) -> None:
        """Put what was disclosed under the audit log."""
        from hopback.portal.audit import covering  # noqa: PLC0415 -- models exist only now
        from hopback.portal.referrals.actions import disclosure_form  # noqa: PLC0415
        from hopback.portal.referrals.models import Disclosure  # noqa: PLC0415

        covering.cover(Disclosure, form=disclosure_form)
