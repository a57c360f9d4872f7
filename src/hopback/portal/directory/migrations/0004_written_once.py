"""Claims, decisions about numbers and links are written once; only their end is added."""

from django.db import migrations

from hopback.portal.audit.guards import append_only

CLAIM = (
    "id", "leaf", "provider_id", "kind", "value", "key", "source", "source_ref", "valid_from", "valid_to",
    "seen_at", "seen_by",
)  # fmt: skip
DECISION = (
    "id", "leaf", "number", "kind", "provider_id", "reseller", "instead_of_id", "said_by", "reason",
    "valid_from", "valid_to", "decided_at", "decided_by",
)  # fmt: skip
LINK = ("id", "leaf", "kind", "provider_id", "other_id", "reason", "evidence", "made_at", "made_by")


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_claims_numbers_registry")]

    operations = [
        append_only(
            "directory_identityclaim", fixed=CLAIM, set_once=("superseded_at", "superseded_by", "superseded_why")
        ),
        append_only("directory_numberdecision", fixed=DECISION, set_once=("ended_at", "ended_by")),
        append_only("directory_providerlink", fixed=LINK, set_once=("undone_at", "undone_by", "undone_why")),
    ]
