"""The API does what its OpenAPI document says: no fault of ours, no status that is not in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from hopback.kernel.calls import Sought
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.keys import SCOPES
from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.embedded import open_call

if TYPE_CHECKING:
    from schemathesis import Case

EXAMPLES = int(os.environ.get("HOPBACK_CONTRACT_EXAMPLES", "10"))
"""How many requests are made up for each operation and kind of key."""

HOLDERS = {Kind.CONSORTIUM: "consortium", Kind.PROVIDER: "P1", Kind.AGENCY: "FTC", Kind.SOURCE: "honeypots"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture
def document(cast: dict[str, Any]) -> Any:
    """The OpenAPI document as it is served, with a request that waits in the portal behind it."""
    now = datetime.now(UTC)
    open_call("K1", Sought(12025550143, 13125550188, now - timedelta(days=1), 60.0), terminating="P1", at=now)
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


def test_the_document_is_openapi_3_1(document: Any) -> None:
    assert document.raw_schema["openapi"].startswith("3.1")


@pytest.mark.parametrize("kind", HOLDERS)
def test_no_request_brings_a_fault_or_a_status_that_is_not_documented(kind: Kind, document: Any) -> None:
    organisation = Organisation.objects.get(pk=HOLDERS[kind])
    key = issue_key(SYSTEM, organisation, at=datetime.now(UTC), lasts=timedelta(days=1), scopes=SCOPES[kind])
    asked, failures = 0, []
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            nonlocal asked
            asked += 1
            response = case.call(headers={"Authorization": f"Bearer {key}"})
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Exception as error:  # noqa: BLE001 -- every operation is tried; all that failed is shown
            failures.append(f"{operation.label}: {error}")
    assert not failures, "\n\n".join(failures)
    assert asked > EXAMPLES
