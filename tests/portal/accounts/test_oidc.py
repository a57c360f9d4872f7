"""An identity provider of the operator's own lets in whom the portal knows, and nobody else."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from django.core.cache import cache
from django.test import Client

from hopback.portal.accounts.models import User
from hopback.portal.audit.models import Leaf
from hopback.portal.config import Configuration
from hopback.portal.embedded import use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper


class IdentityProvider(BaseHTTPRequestHandler):
    """As much of OpenID Connect Core 1.0 as the authorization code flow needs; whoever comes is ``person``."""

    person: dict[str, Any] = {}  # noqa: RUF012 -- the test says who
    address = ""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path.endswith("openid-configuration"):
            self._say(
                {
                    "issuer": self.address,
                    "authorization_endpoint": f"{self.address}/authorize",
                    "token_endpoint": f"{self.address}/token",
                    "userinfo_endpoint": f"{self.address}/userinfo",
                    "jwks_uri": f"{self.address}/jwks",
                }
            )
        elif asked.path == "/authorize":
            query = parse_qs(asked.query)
            self.send_response(302)
            back = urlencode({"code": "c", "state": query["state"][0]})
            self.send_header("Location", f"{query['redirect_uri'][0]}?{back}")
            self.end_headers()
        else:
            self._say(self.person)

    def do_POST(self) -> None:
        now = int(time.time())
        claims = {"iss": self.address, "aud": "hopback", "iat": now, "exp": now + 60, **self.person}
        token = jwt.encode(claims, "a secret of the identity provider alone", algorithm="HS256")
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _say(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


@pytest.fixture
def comes(
    portal: Configuration, cast: dict[str, User], settings: SettingsWrapper
) -> Iterator[Callable[[dict[str, Any]], Client]]:
    """Somebody signs in at the identity provider and comes back."""
    cache.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), IdentityProvider)
    IdentityProvider.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = Configuration(
        data=portal.data,
        database=portal.database,
        synchronous="NORMAL",
        second_factor=(),
        oidc_issuer=IdentityProvider.address,
        oidc_client="hopback",
        oidc_name="the ministry's sign-in",
    )
    use(given)
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [given.oidc]}}

    def come(person: dict[str, Any]) -> Client:
        IdentityProvider.person = person
        client = Client()
        assert "the ministry&#x27;s sign-in" in client.get("/account/login/").content.decode()
        away = client.post("/account/oidc/oidc/login/")
        assert away.status_code == 302
        assert away.headers["Location"].startswith(IdentityProvider.address)
        back = requests.get(away.headers["Location"], allow_redirects=False, timeout=5).headers["Location"]
        parts = urlsplit(back)
        client.get(f"{parts.path}?{parts.query}")
        return client

    yield come
    server.shutdown()


def who(client: Client) -> str:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).name if pk else ""


def test_whoever_is_known_by_a_proven_address_comes_in(comes: Callable[[dict[str, Any]], Client]) -> None:
    person = {"sub": "1", "email": "bell@example.org", "email_verified": True, "name": "Bell"}
    assert who(comes(person)) == "Bell"
    assert who(comes(person)) == "Bell"
    assert Leaf.objects.filter(action="session.begun").count() == 2


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "2", "email": "nobody@example.org", "email_verified": True},
        {"sub": "3", "email": "bell@example.org", "email_verified": False},
        {"sub": "4"},
    ],
)
def test_anybody_else_does_not(comes: Callable[[dict[str, Any]], Client], person: dict[str, Any]) -> None:
    before = User.objects.count()
    client = comes(person)
    assert who(client) == ""
    assert User.objects.count() == before


def test_without_configuration_there_is_no_such_way(portal: Configuration) -> None:
    assert "/account/oidc/" not in Client().get("/account/login/").content.decode()
    assert Client().post("/account/oidc/oidc/login/").status_code == 404
