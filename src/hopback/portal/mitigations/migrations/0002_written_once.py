from django.db import migrations

from hopback.portal.audit.guards import append_only

ACTION = (
    "id",
    "leaf",
    "hop_id",
    "provider_id",
    "target",
    "what",
    "customer",
    "upstream",
    "kind",
    "scope",
    "effective_at",
    "until",
    "reason",
    "evidence",
    "recurrence",
    "is_public",
    "on_behalf",
    "authenticated",
    "recorded_by",
    "recorded_at",
    "replaces_id",
)


class Migration(migrations.Migration):
    dependencies = [("mitigations", "0001_initial")]

    operations = [
        append_only("mitigations_action", fixed=ACTION),
        append_only("mitigations_verification", fixed=("action_id", "leaf", "by", "at", "how")),
    ]
