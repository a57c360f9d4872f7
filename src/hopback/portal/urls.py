"""Where things are on the web."""

from __future__ import annotations

from django.urls import path

from hopback.portal.api import api

urlpatterns = [path("api/v1/", api.urls)]
