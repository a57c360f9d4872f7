"""Where the messages are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.mailroom import hooks, views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "messages"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.list_messages, name="list"),
    path("in", views.take_in_mail, name="mail_in"),
    path("outbox/", views.outbox, name="outbox"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<slug:uid>/", views.inbox_item, name="inbox_item"),
    path("webhooks/", hooks.list_endpoints, name="webhooks"),
    path("webhooks/add/", hooks.add, name="webhook_add"),
    path("webhooks/deliveries/<slug:uid>/", hooks.posting, name="webhook_posting"),
    path("webhooks/<slug:uid>/", hooks.endpoint, name="webhook"),
    path("webhooks/<slug:uid>/change/", hooks.change, name="webhook_change"),
    path("webhooks/<slug:uid>/secret/", hooks.secret, name="webhook_secret"),
    path("webhooks/<slug:uid>/switch/", hooks.switch, name="webhook_switch"),
    path("webhooks/<slug:uid>/test/", hooks.test, name="webhook_test"),
    path("webhooks/<slug:uid>/replay/", hooks.replay_all, name="webhook_replay"),
    path("webhooks/<slug:uid>/remove/", hooks.remove, name="webhook_remove"),
    path("<slug:uid>/", views.message, name="message"),
    path("<slug:uid>/raw/", views.raw, name="raw"),
    path("<slug:uid>/attachments/<int:part>/", views.attachment, name="attachment"),
]
