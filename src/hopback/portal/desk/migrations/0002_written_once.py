from django.db import migrations

from hopback.portal.audit.guards import append_only

LINE = ("id", "leaf", "hop_id", "side", "author", "at", "text")
ATTACHMENT = ("id", "leaf", "hop_id", "sha256", "name", "kind", "size", "added_by", "added_at")


class Migration(migrations.Migration):
    dependencies = [("desk", "0001_initial")]

    operations = [
        append_only("desk_line", fixed=LINE),
        append_only("desk_attachment", fixed=ATTACHMENT),
    ]
