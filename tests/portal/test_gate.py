"""The gate: nobody reads past it (lints), and nobody sees through it (a crawl of every address)."""

from __future__ import annotations

import ast
import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import hopback.portal
from hopback.kernel.calls import Sought
from hopback.portal.api import api
from hopback.portal.audit.models import Leaf
from hopback.portal.embedded import open_call, open_requests, take_answer
from hopback.portal.tracebacks.models import Hop, Traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopback.portal.config import Configuration
    from hopback.wire.hops import HopAnswer

PORTAL = Path(hopback.portal.__file__).parent
MARKS = re.compile(r"^@(page\(|router\.|require_|csrf_exempt)", re.MULTILINE)
"""What stands over a view or an endpoint."""

EDGES = sorted(
    path
    for path in PORTAL.rglob("*.py")
    if path.name in {"navigation.py", "api.py"} or MARKS.search(path.read_text(encoding="utf-8"))
)
"""Every module that answers requests."""

OPEN = {
    "api-1:openapi-json": "the document of the API tells nothing of anybody",
    "api-1:api-root": "as above",
}
"""Addresses that are no page of somebody who has signed in, each with the reason."""

OPEN_TO_A_TOKEN = re.compile(r"by[-_]link|invitation|accept|verify|messages:(in|hook)|mail[-_]in|static")
"""Names of addresses that carry their own proof: a token in the address, or a signature on the body."""

SIGN_IN = "allauth."
"""What the sign-in library serves itself."""


def _patterns(resolver: URLResolver, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _patterns(entry, route, inner)
        else:
            yield route, f"{space}{entry.name or ''}", entry


PATTERNS = list(_patterns(get_resolver()))


@pytest.mark.parametrize("path", EDGES, ids=lambda path: str(path.relative_to(PORTAL)))
def test_views_and_endpoints_read_only_what_was_scoped_to_who_asks(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"objects", "_default_manager"}, f"{path.name}:{node.lineno}: ask access.py instead"


@pytest.mark.parametrize("path", EDGES, ids=lambda path: str(path.relative_to(PORTAL)))
def test_views_and_endpoints_have_tracebacks_from_the_gate_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            module = node.module or ""
            assert not module.endswith(".docket"), f"{path.name}:{node.lineno}: what is shown comes from access.seen()"
            assert not (module == "hopback.kernel.disclosure" and "disclose" in names), f"{path.name}:{node.lineno}"
            assert not (module.startswith("hopback.kernel") and names & {"replay", "evolve"}), (
                f"{path.name}:{node.lineno}"
            )


def test_every_address_says_to_whom_it_shows_itself() -> None:
    undecided = []
    for route, name, pattern in PATTERNS:
        view: Any = pattern.callback
        module = getattr(getattr(view, "view_class", view), "__module__", "")
        is_known = (
            name in OPEN
            or module.startswith(SIGN_IN)
            or route.startswith("account/social/")
            or OPEN_TO_A_TOKEN.search(f"{name} {route}")
        )
        if not is_known and not route.startswith("api/v1/") and not hasattr(view, "shown_to"):
            undecided.append(f"{route} ({name})")
    assert not undecided


def test_every_operation_of_the_api_needs_a_key(portal: Configuration) -> None:
    stranger = Client()
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            address = re.sub(r"{[^}]+}", "1", path)
            answer = stranger.generic(method.upper(), address, data="{}", content_type="application/json")
            assert answer.status_code == 401, f"{method} {path} lets a stranger in"


# --- the crawl -----------------------------------------------------------------------------------


@pytest.fixture
def traced(cast: dict[str, Any], noon: datetime, answer: Callable[..., HopAnswer]) -> dict[str, str]:
    """Two tracebacks: one from P1 by P2 to P5, who names its customer; one at P3 alone. Words to look for."""
    at = datetime.now(UTC) - timedelta(hours=2)
    sample = Sought(12125550167, 13125550188, at - timedelta(days=1), 60.0)
    open_call("REF-ALPHA", sample, terminating="P1", at=at, campaign="Parcel fee of campaign one")
    for provider, said in (
        ("P1", {"upstream": "P2"}),
        ("P2", {"upstream": "P5"}),
        ("P5", {"customer": "CUST-OF-ELM"}),
    ):
        (request,) = open_requests(provider, at=at)
        take_answer(provider, answer(request, provider, **said), at=at)
    other = Sought(16175550144, 14155550189, at - timedelta(days=1), 60.0)
    open_call("REF-BETA", other, terminating="P3", at=at, campaign="Car warranty of campaign two")
    first = Traceback.objects.get(reference="REF-ALPHA")
    second = Traceback.objects.get(reference="REF-BETA")
    hops = {hop.provider_id: hop.request_id for hop in Hop.objects.filter(traceback=first)}
    return {
        "trace one": first.pk,
        "trace two": second.pk,
        "reference one": "REF-ALPHA",
        "reference two": "REF-BETA",
        "request of P1": hops["P1"],
        "request of P2": hops["P2"],
        "request of P5": hops["P5"],
        "request of P3": Hop.objects.get(traceback=second).request_id,
        "name of P1": "Bellwether Telephone",
        "name of P2": "Coalbrook Networks",
        "name of P3": "Silent Ridge Voice",
        "name of P4": "Far Shore Telecom",
        "name of P5": "Elm Originating",
        "customer of P5": "CUST-OF-ELM",
        "called one": "2125550167",
        "called two": "6175550144",
        "campaign one": "Parcel fee of campaign one",
        "campaign two": "Car warranty of campaign two",
    }


MAY_SEE = {
    "Dana": set(),
    "Bell": {"request of P1", "name of P1", "name of P2", "called one", "campaign one"},
    "Cole": {"request of P2", "name of P2", "name of P1", "name of P5", "called one", "campaign one"},
    "Fay": set(),
    "Sol": set(),
}
"""Of the words of :func:`traced`, those that may reach each person by any address."""


def _addresses(traced: dict[str, str]) -> Iterator[str]:
    """Every address of the portal with every id there is in the place of each of its parameters."""
    ids = [value for key, value in traced.items() if key.split()[0] in {"trace", "request", "reference"}]
    words = [*ids, "P1", "P2", "P3", "FTC", "1"]
    for route, _name, _pattern in PATTERNS:
        kinds = re.findall(r"<(?:(\w+):)?\w+>", route)
        if "(?P" in route or not kinds:
            if "(?P" not in route:
                yield "/" + route.removesuffix("$")
            continue
        pools = [[1, 2] if kind == "int" else words for kind in kinds]
        bare = re.sub(r"<[^>]+>", "{}", route)
        for some in itertools.islice(itertools.product(*pools), 14):
            yield "/" + bare.format(*some)


def _fold(text: str) -> str:
    """Numbers as they are without the spaces and dashes they are written with."""
    return re.sub(r"(?<=\d)[\s().\u2013-]+(?=\d)", "", text)


@pytest.mark.parametrize("name", MAY_SEE)
def test_a_crawl_of_every_address_shows_nobody_what_is_not_theirs(
    name: str, traced: dict[str, str], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in(name)
    client.raise_request_exception = False
    forbidden = {key: value for key, value in traced.items() if key not in MAY_SEE[name]}
    visited = 0
    for address in dict.fromkeys(_addresses(traced)):
        if "logout" in address or address.startswith("/api/"):
            continue
        for query in ("", "?q=Elm", "?q=2125550167"):
            response = client.get(address + query)
            assert response.status_code < 500, f"{name} gets {response.status_code} from {address}"
            if response.status_code == 404:
                break
            body = b"".join(response.streaming_content) if response.streaming else response.content
            seen = _fold(body.decode(errors="replace")) + response.headers.get("Location", "")
            # what the reader typed may come back to it
            typed = address + query
            shown = [what for what, word in forbidden.items() if word in seen.replace(typed, "") and word not in typed]
            assert not shown, f"{name} is shown {shown} by {address}{query}"
            visited += 1
    assert visited > 3


def test_what_staff_sees_answers_too(traced: dict[str, str], signed_in: Callable[[str], Client]) -> None:
    for name in ("Otto",):
        client = signed_in(name)
        client.raise_request_exception = False
        shown = 0
        for address in dict.fromkeys(_addresses(traced)):
            if "logout" in address or address.startswith("/api/"):
                continue
            response = client.get(address)
            assert response.status_code < 500, f"{name} gets {response.status_code} from {address}"
            shown += response.status_code == 200
        assert shown > 3


def test_a_crawl_changes_nothing(traced: dict[str, str], signed_in: Callable[[str], Client]) -> None:
    client = signed_in("Bell")
    client.raise_request_exception = False
    before = list(Traceback.objects.order_by("pk").values_list("pk", "version", "leaf"))
    verbs = set(Leaf.objects.values_list("action", flat=True))
    for address in dict.fromkeys(_addresses(traced)):
        if "logout" not in address and not address.startswith("/api/"):
            client.get(address)
            client.head(address)
    assert list(Traceback.objects.order_by("pk").values_list("pk", "version", "leaf")) == before
    fresh = set(Leaf.objects.values_list("action", flat=True)) - verbs
    assert all("read" in verb or "disclos" in verb or "signed" in verb for verb in fresh), fresh
