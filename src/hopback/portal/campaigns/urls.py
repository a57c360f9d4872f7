"""Where the campaigns are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.campaigns import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "campaigns"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.list_campaigns, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:campaign>/change/", views.change, name="change"),
    path("<slug:campaign>/versions/", views.versions, name="versions"),
    path("<slug:campaign>/merge/", views.merge_campaign, name="merge"),
    path("<slug:campaign>/unmerge/", views.unmerge_campaign, name="unmerge"),
]
