from django.db import migrations

from hopback.portal.audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        append_only(
            "campaigns_campaignversion",
            fixed=("id", "leaf", "campaign_id", "number", "at", "actor", "why", "body"),
        ),
    ]
