"""Where agencies' pages are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.referrals import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "referrals"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="list"),
    path("file/", views.file, name="file"),
    path("requests/<str:request_id>/", views.detail, name="request"),
    path("requests/<str:request_id>/withdraw/", views.withdraw, name="withdraw"),
    path("requests/<str:request_id>/opt/", views.opt, name="opt"),
    path("requests/<str:request_id>/preserve/", views.preserve, name="preserve"),
    path("requests/<str:request_id>/decide/", views.decide, name="decide"),
    path("requests/<str:request_id>/target/", views.target, name="target"),
    path("preservations/<int:number>/confirm/", views.confirm, name="confirm"),
    path("colleagues/<int:number>/share/", views.share, name="share"),
    path("packages/", views.packages, name="packages"),
    path("packages/make/", views.make, name="make"),
    path("packages/<str:package_id>/", views.package, name="package"),
    path("packages/<str:package_id>/address/", views.address, name="address"),
    path("packages/<str:package_id>/approve/", views.approve, name="approve"),
    path("packages/<str:package_id>/send/", views.send, name="send"),
    path("packages/<str:package_id>/recall/", views.recall, name="recall"),
    path("tracebacks/", views.tracebacks, name="tracebacks"),
    path("tracebacks/export.csv", views.export, name="export"),
    path("tracebacks/<str:traceback_id>/", views.traceback, name="traceback"),
    path("disclosures/", views.disclosures, name="disclosures"),
]
