from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client

from hopback.demo.consortium import environment_of, furnish
from hopback.demo.invent import invent
from hopback.exercise.case import read_case
from hopback.exercise.cli import trace_case
from hopback.portal.config import read_configuration
from hopback.portal.embedded import use, verify_log
from hopback.portal.intake.models import CallSample
from hopback.portal.tracebacks.models import Hop, Traceback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker

    from hopback.demo.consortium import SignIn


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[list[SignIn]]:
    """A small demonstration, and who may sign in to it."""
    folder: Path = tmp_path_factory.mktemp("demo")
    case, out = folder / "case", folder / "out"
    invent(case, calls=8)
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as environment:
        trace_case(read_case(case), out)
        for name, value in environment_of(out, address="http://127.0.0.1:8321", secret="s" * 50).items():
            environment.setenv(name, value)
        use(read_configuration())
        call_command("migrate", verbosity=0, interactive=False)
        yield furnish(at=datetime.now(UTC))
        connections.close_all()


def test_four_people_sign_in_and_each_finds_something_to_do(signs: list[SignIn]) -> None:
    assert [sign.name for sign in signs] == ["Ada", "Abe", "Bell", "Fay"]
    for sign in signs:
        browser = Client()
        form = {"login": sign.email, "password": sign.password}
        assert browser.post("/account/login/", form).status_code == 302, sign.name
        home = browser.get("/", follow=True)
        assert home.status_code == 200
        assert sign.name in home.content.decode()


def test_there_is_something_at_every_stage(signs: list[SignIn]) -> None:
    states = set(Traceback.objects.values_list("state", flat=True))
    assert {"candidate", "active", "stalled", "closed"} <= states
    assert {"delivered", "delinquent", "answered", "accepted"} <= set(Hop.objects.values_list("state", flat=True))
    assert set(CallSample.objects.values_list("lane", flat=True)) == {"", "threat"}


def test_its_log_verifies(signs: list[SignIn]) -> None:
    assert verify_log().leaves > 100
