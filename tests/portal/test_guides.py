"""The programs printed in the guides do what the guides say."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from pydantic import SecretStr

from hook_stub import Hooks
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.jobs.working import work
from hopback.portal.messages.models import Message
from hopback.portal.messages.webhooks import PAUSES, add_endpoint, announce_test
from hopback.portal.serving import served

if TYPE_CHECKING:
    from hopback.portal.config import Configuration

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BEA = Actor("user:6", Role.PROVIDER, provider="P1", organisation="P1", administers=True)


def programs(guide: str) -> dict[str, Any]:
    """What the Python blocks of a guide define."""
    found: dict[str, Any] = {}
    text = (GUIDES / guide).read_text(encoding="utf-8")
    for block in re.findall(r"^( *)```python\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL):
        exec("\n".join(line[len(block[0]) :] for line in block[1].splitlines()), found)  # noqa: S102 -- our own page
    return found


def test_the_receiver_in_the_guide_takes_what_is_signed_and_nothing_else(portal: Configuration) -> None:
    receive, at = programs("webhooks.md")["receive"], datetime.now(UTC)
    with Hooks() as hooks:
        endpoint, secret = add_endpoint(BEA, "P1", url=hooks.url, mailbox="a@example.org", at=at)
        announce_test(BEA, endpoint, at=at)
        work(now=at, until=at)
        headers, body = hooks.seen[0]
    assert receive(secret, headers, body)["type"] == "hopback.test"
    assert receive(secret, headers, body + b" ") is None


def test_the_program_in_the_guide_hands_in_mail(portal: Configuration) -> None:
    settings.CONFIGURATION = portal.model_copy(update={"mail_hook_secret": SecretStr("hook")})
    hand_in, message = programs("mail.md")["hand_in"], b"Subject: hello\r\nMessage-ID: <1@x>\r\n\r\nThere.\r\n"
    with served() as address:
        assert hand_in(address, b"hook", message) == 202
        assert hand_in(address, b"other", message) == 401
    assert bytes(Message.objects.get().raw) == message


def test_the_webhook_schedule_in_the_guide_is_the_one_that_is_kept() -> None:
    text = (GUIDES / "webhooks.md").read_text(encoding="utf-8")
    assert "after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours" in text
    hours = [pause.total_seconds() / 3600 for pause in PAUSES]
    assert hours[3:] == [2, 5, 10, 14, 20, 24]
    assert [pause.total_seconds() for pause in PAUSES[:3]] == [5, 300, 1800]


@pytest.mark.parametrize("guide", ["mail.md", "webhooks.md"])
def test_every_setting_in_the_guide_is_one(guide: str, portal: Configuration) -> None:
    known = {f"HOPBACK_{name}".upper() for name in type(portal).model_fields}
    named = set(re.findall(r"HOPBACK_[A-Z_]+", (GUIDES / guide).read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_a_mail_is_taken_in_from_stdin(portal: Configuration) -> None:
    code = "from hopback.cli import main; main()"
    environment = {
        "HOPBACK_DATA": str(portal.data),
        "HOPBACK_DATABASE": portal.database,
        "HOPBACK_EXERCISE": "true",
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, "portal", "mail-in"],
        input=b"Subject: hello\r\nMessage-ID: <1@x>\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n",
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split() == [Message.objects.get().uid, "automatic"]
