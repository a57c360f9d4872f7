from django.db import migrations

from hopback.portal.audit.guards import append_only

EDITION = ("id", "leaf", "item_id", "number", "title", "body", "note", "is_small", "by", "at")
EDITION_FILE = ("id", "leaf", "edition_id", "number", "name", "file_id", "size")
FILE = ("sha256", "size", "content")
RECEIPT = ("id", "leaf", "item_id", "edition", "reader", "organisation", "at")


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]

    operations = [
        append_only("library_edition", fixed=EDITION),
        append_only("library_editionfile", fixed=EDITION_FILE),
        append_only("library_file", fixed=FILE),
        append_only("library_receipt", fixed=RECEIPT),
    ]
