"""The referrals as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Agencies: what they ask for, and what is addressed to them."""

    name = "hopback.portal.referrals"
    label = "referrals"
