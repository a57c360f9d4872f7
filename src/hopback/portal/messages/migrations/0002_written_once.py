from django.db import migrations

from hopback.portal.audit.guards import append_only

MESSAGE = (
    "id",
    "uid",
    "leaf",
    "direction",
    "kind",
    "nature",
    "about",
    "organisation",
    "sender",
    "mailbox",
    "subject",
    "text",
    "message_id",
    "raw",
    "sha256",
    "size",
    "is_confidential",
    "answers_id",
    "via",
    "at",
)
ATTACHMENT = ("id", "leaf", "message_id", "part", "name", "media_type", "size", "sha256")
DELIVERY = (
    "id",
    "leaf",
    "message_id",
    "outcome",
    "server",
    "status",
    "proof",
    "report_id",
    "duration_ms",
    "at",
)
ANNOUNCED = ("id", "uid", "leaf", "organisation", "type", "key", "body", "at")
ATTEMPT = ("id", "posting_id", "number", "status", "duration_ms", "reply", "error", "at")


class Migration(migrations.Migration):
    dependencies = [("messages", "0001_initial")]

    operations = [
        append_only("messages_message", fixed=MESSAGE),
        append_only("messages_attachment", fixed=ATTACHMENT),
        append_only("messages_delivery", fixed=DELIVERY),
        append_only("messages_announced", fixed=ANNOUNCED),
        append_only("messages_attempt", fixed=ATTEMPT),
    ]
