"""Where the intake is on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.intake import campaign_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "intake"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.queue, name="list"),
    path("samples.csv", views.export, name="export"),
    path("new/", views.new, name="new"),
    path("own/", views.own, name="own"),
    path("decline/", views.decline_many, name="decline_many"),
    path("samples/<slug:sample>/", views.sample, name="sample"),
    path("samples/<slug:sample>/vet/", views.vet, name="vet"),
    path("samples/<slug:sample>/open/", views.open_traceback, name="open"),
    path("samples/<slug:sample>/decline/", views.decline, name="decline"),
    path("samples/<slug:sample>/recording/", views.add_sound, name="add_sound"),
    path("recordings/<int:recording>/", views.sound, name="sound"),
    path("pairs/<int:pair>/", views.judge_pair, name="judge_pair"),
    path("sheets/", views.upload, name="upload"),
    path("sheets/template.csv", views.template, name="template"),
    path("sheets/<int:sheet>/", views.sheet, name="sheet"),
    path("sheets/<int:sheet>/confirm/", views.confirm, name="confirm"),
    path("sheets/<int:sheet>/rejected.csv", views.rejected, name="rejected"),
    path("sources/", views.sources, name="sources"),
    path("sources/new/", views.keep_source_page, name="new_source"),
    path("sources/<str:source>/", views.source, name="source"),
    path("sources/<str:source>/change/", views.keep_source_page, name="change_source"),
    path("campaigns/<slug:campaign>/", campaign_views.show, name="campaign"),
    path("campaigns/<slug:campaign>/split/", campaign_views.split, name="split"),
    path("campaigns/<slug:campaign>/undo/<uuid:batch>/", campaign_views.undo, name="undo_split"),
]
