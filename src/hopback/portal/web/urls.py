"""Where the shell's own pages are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.web import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("tracebacks/", views.tracebacks, name="tracebacks"),
    path("waiting/", views.waiting, name="waiting"),
    path("search/", views.search, name="search"),
    path("lists/tracebacks.csv", views.export, name="export"),
    path("lists/filters/", views.keep, name="keep_filter"),
    path("lists/filters/<int:pk>/share/", views.share, name="share_filter"),
    path("lists/filters/<int:pk>/remove/", views.remove, name="remove_filter"),
]
