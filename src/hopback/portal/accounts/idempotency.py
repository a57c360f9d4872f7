"""The same request to the API, sent again under the same ``Idempotency-Key``, counts once and is answered the same.

The reply is kept in the transaction of what was done: whatever moment a server is killed at, either both are there
or neither. (The header is that of the IETF's draft "The Idempotency-Key HTTP Header Field".)
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.http import HttpResponse

from hopback.kernel.refusals import Why
from hopback.portal.accounts.models import Reply
from hopback.portal.audit.actions import recording_refusals
from hopback.portal.clock import now
from hopback.portal.messages.sealed import open_sealed, seal
from hopback.portal.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest

__all__ = ["KEPT", "OncePerKey", "forget"]

KEPT: Final = timedelta(days=7)
"""How long a reply is kept."""

LONGEST_KEY: Final = 200
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SERVER_FAULT: Final = 500
NOT_SIGNED_IN: Final = 401
TOO_MANY: Final = 429


class OncePerKey:
    """Answers a repeated request to the API from what was answered the first time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Do what is asked, or repeat the reply."""
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method not in UNSAFE or not request.path.startswith("/api/"):
            return self.get_response(request)

        if len(key) > LONGEST_KEY:
            return problem(422, "bad_input", f"a key has at most {LONGEST_KEY} characters", where="Idempotency-Key")
        name, asked = _name(request, key), _digest(request)
        with suppress(_Undone):
            known = Reply.objects.filter(name=name).first()
            if known is None:
                return self._first(request, name, asked)
        known = known or Reply.objects.filter(name=name).first()
        if known is None:  # the first was undone meanwhile
            return problem(409, "conflict", "this request is being answered", mend="send it again")
        if known.asked != asked:
            title, reason = "this key was used for another request", Why.KEY_REUSED.value
            return problem(409, "conflict", title, where="Idempotency-Key", mend="use a new key", reason=reason)
        return _again(known)

    def _first(self, request: HttpRequest, name: str, asked: str) -> HttpResponse:
        try:
            with recording_refusals(), transaction.atomic():
                # whoever sends the same meanwhile waits here until this one is done
                reply = Reply.objects.create(name=name, asked=asked, status=0, body="", at=now())
                response = self.get_response(request)
                if response.status_code >= SERVER_FAULT or response.status_code in (NOT_SIGNED_IN, TOO_MANY):
                    transaction.set_rollback(True)
                    return response
                reply.status, reply.kind = response.status_code, response.headers.get("Content-Type", "")
                # a reply may hold a secret that is shown once
                reply.body = seal(response.content.decode())
                reply.save(update_fields=["status", "kind", "body"])
                return response
        except IntegrityError as error:
            raise _Undone from error


class _Undone(Exception):
    pass


def forget(*, at: datetime) -> int:
    """Forget replies older than :data:`KEPT`; returns how many."""
    gone, _ = Reply.objects.filter(at__lt=at - KEPT).delete()
    return gone


def _name(request: HttpRequest, key: str) -> str:
    """One sender's key for one address: another's key of the same text is another key."""
    sender = request.headers.get("Authorization", "")
    return hashlib.sha256(f"{sender}\n{request.method} {request.path}\n{key}".encode()).hexdigest()


def _digest(request: HttpRequest) -> str:
    return hashlib.sha256(request.get_full_path().encode() + b"\n" + request.body).hexdigest()


def _again(reply: Reply) -> HttpResponse:
    headers: dict[str, Any] = {"Idempotency-Replayed": "true"}
    if reply.kind:
        headers["Content-Type"] = reply.kind
    return HttpResponse(open_sealed(reply.body), status=reply.status, headers=headers)
