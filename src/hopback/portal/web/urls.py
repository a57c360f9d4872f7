"""Where the shell's own pages are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.web import bulk_views, provider_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("tracebacks/", views.tracebacks, name="tracebacks"),
    path("waiting/", views.waiting, name="waiting"),
    path("lists/bulk/", bulk_views.preview, name="bulk"),
    path("lists/bulk/done/", bulk_views.done, name="bulk_done"),
    path("providers/<str:provider_id>/record/", provider_views.provider, name="provider"),
    path("providers/<str:provider_id>/standing/", provider_views.standing, name="standing"),
    path("findings/", provider_views.findings, name="findings"),
    path("findings/providers/", provider_views.standings, name="standings"),
    path("standing/", provider_views.own_standing, name="own_standing"),
    path("policy/", provider_views.policy, name="policy"),
    path("workload/", provider_views.workload, name="workload"),
    path("workload/hand-on/", provider_views.reassign, name="reassign"),
    path("search/", views.search, name="search"),
    path("lists/tracebacks.csv", views.export, name="export"),
    path("lists/filters/", views.keep, name="keep_filter"),
    path("lists/filters/<int:pk>/share/", views.share, name="share_filter"),
    path("lists/filters/<int:pk>/remove/", views.remove, name="remove_filter"),
]
