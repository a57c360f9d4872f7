"""A provider's side of the portal's API: fetch what stands, post what is said.

Every call is retried a few times over a short while, since an answer that could not be posted is
posted again by the same key and changes nothing the second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests
import stamina

from hopback.kernel.errors import BadInput, HopbackError, NotFound, Refused
from hopback.wire.hops import HopRequest

if TYPE_CHECKING:
    from hopback.wire.hops import HopAnswer

__all__ = ["PortalClient"]

_TIMEOUT_S: Final = 30.0
_ATTEMPTS: Final = 5
_GIVE_UP_S: Final = 20.0
_SERVER_ERROR: Final = 500  # RFC 9110 section 15.6


class PortalClient:
    """A session with one portal under one provider's key."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a key for the portal goes to the portal, whatever a proxy variable says
        self._session.headers["Authorization"] = f"Bearer {key}"

    def standing_requests(self) -> list[HopRequest]:
        """Every request to this provider that has not been withdrawn, answered or not."""
        rows = self._call("GET", "/api/v1/requests?state=standing", None)
        return [HopRequest.model_validate(row) for row in rows]

    def post_answer(self, answer: HopAnswer) -> None:
        """Say ``answer``; saying the same again changes nothing."""
        self._call("POST", f"/api/v1/requests/{answer.request_id}/answer", answer.model_dump(mode="json"))

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        try:
            for attempt in stamina.retry_context(on=_is_passing, attempts=_ATTEMPTS, timeout=_GIVE_UP_S):
                with attempt:
                    response = self._session.request(method, self._address + path, json=body, timeout=_TIMEOUT_S)
                    if response.status_code >= _SERVER_ERROR:
                        response.raise_for_status()
        except requests.RequestException as error:
            raise HopbackError(f"the portal at {self._address} does not answer: {error}") from None
        return self._read(response)

    def _read(self, response: requests.Response) -> Any:
        if response.ok:
            return response.json() if response.content else None
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        said = problem.get("detail") or problem.get("title") or response.reason
        kind = {401: Refused, 403: Refused, 404: NotFound, 409: Refused, 422: BadInput}.get(
            response.status_code, HopbackError
        )
        raise kind(f"the portal said: {said}", where=response.url)


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: the network, or a server that is in trouble."""
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.HTTPError)
