from django.db import migrations

from hopback.portal.audit.guards import append_only

LEAF = ("serial", "uid", "action", "actor", "subject", "at", "is_refusal", "body")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        append_only("audit_leaf", fixed=LEAF, set_once=("number", "hash")),
        append_only("audit_checkpoint", fixed=("size", "root", "note", "sealed_at")),
    ]
