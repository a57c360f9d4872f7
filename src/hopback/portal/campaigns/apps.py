"""The campaigns as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Which calls are the same call, and what is known of them."""

    name = "hopback.portal.campaigns"
    label = "campaigns"
