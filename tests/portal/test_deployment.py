from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOPBACK_")}
        environment |= {"HOPBACK_DATA": str(tmp_path), "HOPBACK_SECRET_KEY": "k8Q2-vT0_x" * 7} | settings
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)

    return run


def test_djangos_deployment_check_is_clean_in_production_settings(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", HOPBACK_HTTPS="true")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_without_https_it_says_so(manage: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert manage("check", "--deploy", "--fail-level", "WARNING").returncode != 0


def test_every_table_has_its_migration(manage: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout
