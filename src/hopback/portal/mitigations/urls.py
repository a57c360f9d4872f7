"""Where the actions of providers are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.mitigations import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "mitigations"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.listed, name="list"),
    path("<int:pk>/", views.show, name="show"),
    path("for/<str:request_id>/", views.record, name="record"),
]
