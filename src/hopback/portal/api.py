"""The portal's API."""

from __future__ import annotations

from ninja import NinjaAPI

api = NinjaAPI(title="Hopback", version="1", docs_url=None)
