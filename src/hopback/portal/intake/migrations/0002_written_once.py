from django.db import migrations

from hopback.portal.audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        append_only(
            "intake_move",
            fixed=("id", "leaf", "batch", "sample_id", "origin_id", "target_id", "at", "actor", "reason"),
        ),
    ]
