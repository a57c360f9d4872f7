"""The portal's API: version 1, bearer keys, problems as RFC 9457 documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from hopback.kernel.errors import BadInput, BrokenProof, Conflict, HopbackError, NotFound, Refused
from hopback.kernel.refusals import Collision, Refusal, Why
from hopback.portal.accounts.keys import Key
from hopback.portal.campaigns.api import router as campaigns
from hopback.portal.desk.api import router as desk
from hopback.portal.directory.api import router as directory
from hopback.portal.intake.api import router as samples
from hopback.portal.mailroom.api import router as webhooks
from hopback.portal.mailroom.letters import router as letters
from hopback.portal.problems import problem
from hopback.portal.referrals.api import router as referrals
from hopback.portal.tracebacks.api import router
from hopback.portal.tracebacks.api_traces import router as traces

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from ninja.openapi.schema import OpenAPISchema

__all__ = ["api"]

log = structlog.get_logger(__name__)

FORBIDDEN = frozenset({Why.WRONG_ROLE, Why.NOT_SIGNED_IN, Why.NOT_AFFECTED})
"""Refusals for who asks; the others are for the state things are in."""


class Api(NinjaAPI):
    """The API with what every operation may also answer, and needs, written into its document."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._documents: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The OpenAPI 3.1 document, written once in the life of a process."""
        asked = repr(sorted(options.items()))
        if asked not in self._documents:
            self._documents[asked] = self._written(**options)
        return self._documents[asked]

    def _written(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                _complete(method, operation)
        return schema


PROBLEM: Final = {
    "title": "Problem",
    "description": "What went wrong, as an RFC 9457 problem document.",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "where": {"type": "string"},
        "mend": {"type": "string"},
        "reason": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"where": {"type": "string"}, "title": {"type": "string"}}},
        },
    },
}

ALSO: Final = {
    "400": "The body is not JSON, or the request is otherwise unusable.",
    "401": "No key, or one that lets nobody in.",
    "403": "The key is not for this, or its holder may not do it.",
    "404": "There is none, or it is not for the holder of this key; the two cannot be told apart.",
    "409": "The state things are in does not allow it, or somebody else was first.",
    "413": "The body is too large.",
    "422": "A field is wrong; `where` names it.",
    "429": "Asked too often; `Retry-After` says when to come again.",
}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add to an operation what any of them may answer, and the header under which writing counts once."""
    answers = operation.setdefault("responses", {})
    for status, meaning in ALSO.items():
        body = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        answers.setdefault(status, {"description": meaning, "content": body})
    if method in {"post", "put", "patch", "delete"}:
        operation.setdefault("parameters", []).append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": False,
                "description": "The same request under the same key counts once and is answered the same.",
                "schema": {"type": "string", "maxLength": 200},
            }
        )


api = Api(title="Hopback", version="1", description=__doc__, docs_url=None, auth=Key("hops"))
api.add_router("", router)
api.add_router("", traces)
api.add_router("", directory)
api.add_router("", webhooks)
api.add_router("", letters)
api.add_router("", referrals)
api.add_router("", campaigns)
api.add_router("", samples)
api.add_router("", desk)


@api.exception_handler(HopbackError)
def on_error(_request: HttpRequest, error: HopbackError) -> HttpResponse:
    """An error of our own tree."""
    reason = {"reason": error.reason.value} if isinstance(error, Refusal | Collision) else {}
    return problem(_status(error), error.code, error.message, where=error.where, mend=error.mend, **reason)


@api.exception_handler(ValidationError)
def on_malformed(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body that is not the message it should be: every field that is wrong, by name."""
    fields = [
        {"where": ".".join(str(part) for part in one.get("loc", ())[1:]), "title": str(one.get("msg", ""))}
        for one in error.errors
    ]
    first = fields[0]["where"] if fields else ""
    return problem(422, BadInput.code, "the message is malformed", where=first, errors=fields)


@api.exception_handler(AuthenticationError)
def on_stranger(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    """No key, or one that lets nobody in."""
    return problem(401, "not_signed_in", "no good key", mend="send Authorization: Bearer with a key that is in force")


@api.exception_handler(HttpError)
def on_http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """What django-ninja itself found, such as a body that is not JSON."""
    return problem(error.status_code, BadInput.code, str(error))


@api.exception_handler(Exception)
def on_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """A fault of ours: logged here, and nothing of it shown."""
    log.error("api.fault", path=request.path, exc_info=error)
    return problem(500, "fault", "something went wrong on our side", mend="try again later")


def _status(error: HopbackError) -> int:
    if isinstance(error, BadInput):
        return 422
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, Refusal):
        return 403 if error.reason in FORBIDDEN else 409
    if isinstance(error, Refused):
        return 403
    if isinstance(error, BrokenProof):
        return 500
    return 400
