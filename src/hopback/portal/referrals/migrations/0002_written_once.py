from django.db import migrations

from hopback.portal.audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]

    operations = [
        append_only(
            "referrals_disclosure",
            fixed=("id", "leaf", "organisation", "package", "subject", "how", "basis", "actor", "at", "sha256"),
        ),
    ]
