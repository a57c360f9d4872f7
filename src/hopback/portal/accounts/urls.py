"""Where the accounts are on the web. What stands here comes before allauth's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.accounts import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("protect/", views.protect, name="protect"),
    path("email/", views.email, name="email"),
    path("sessions/", views.sessions, name="sessions"),
    path("membership/", views.choose, name="choose"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("access/", views.accesses, name="accesses"),
    path("access/begin/", views.begin_access, name="begin_access"),
    path("access/<int:number>/end/", views.end_access, name="end_access"),
    path("organisations/", views.organisations, name="organisations"),
    path("organisations/<str:organisation_id>/", views.organisation, name="organisation"),
    path("organisations/<str:organisation_id>/invite/", views.invite, name="invite"),
    path("organisations/<str:organisation_id>/keys/", views.keys, name="keys"),
    path("invitations/<int:number>/withdraw/", views.withdraw, name="withdraw"),
    path("members/<int:number>/part/", views.part, name="part"),
    path("members/<int:number>/end/", views.end, name="end"),
    path("keys/<str:prefix>/revoke/", views.revoke, name="revoke"),
]
