from django.db import migrations

from hopback.portal.audit.guards import append_only

STEP = (
    "id",
    "leaf",
    "provider_id",
    "number",
    "was",
    "now",
    "at",
    "author",
    "reason",
    "evidence",
    "counts",
    "policy",
    "noticed_at",
)


class Migration(migrations.Migration):
    dependencies = [("web", "0004_standings")]

    operations = [
        append_only("web_standingstep", fixed=STEP),
        append_only("web_providerreply", fixed=("id", "leaf", "step_id", "at", "author", "text")),
    ]
