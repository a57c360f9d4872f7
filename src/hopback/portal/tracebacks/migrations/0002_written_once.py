from django.db import migrations

from hopback.portal.audit.guards import append_only

EVENT = ("id", "leaf", "traceback_id", "number", "name", "at", "actor", "purpose", "policy", "data")
RESPONSE = ("id", "leaf", "hop_id", "version", "submitted_at", "submitted_by", "body")


class Migration(migrations.Migration):
    dependencies = [("tracebacks", "0001_initial")]

    operations = [
        append_only("tracebacks_traceevent", fixed=EVENT),
        append_only("tracebacks_response", fixed=RESPONSE),
    ]
