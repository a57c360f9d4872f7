"""Where things are on the web."""

from __future__ import annotations

from django.urls import include, path

from hopback.portal.api import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("account/", include("hopback.portal.accounts.urls")),
    path("account/", include("allauth.urls")),
    path("messages/", include("hopback.portal.mailroom.urls")),
    path("directory/", include("hopback.portal.directory.urls")),
    path("campaigns/", include("hopback.portal.campaigns.urls")),
    path("tracebacks/", include("hopback.portal.tracebacks.urls")),
    path("mitigations/", include("hopback.portal.mitigations.urls")),
    path("requests/", include("hopback.portal.desk.urls")),
    path("intake/", include("hopback.portal.intake.urls")),
    path("agencies/", include("hopback.portal.referrals.urls")),
    path("library/", include("hopback.portal.library.urls")),
    path("", include("hopback.portal.web.urls")),
]
