"""Keys move to the organisations they are issued to."""

from django.db import migrations


def move(apps, _editor):
    Provider = apps.get_model("directory", "Provider")
    Organisation = apps.get_model("accounts", "Organisation")
    Organisation.objects.bulk_create(
        [Organisation(id=row.id, name=row.legal_name, kind="provider") for row in Provider.objects.all()],
        ignore_conflicts=True,
        batch_size=500,
    )
    New = apps.get_model("accounts", "ApiKey")
    names = ("prefix", "digest", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    New.objects.bulk_create(
        [
            New(organisation_id=row.provider_id, **{name: getattr(row, name) for name in names})
            for row in apps.get_model("directory", "ApiKey").objects.all()
        ],
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("directory", "0001_initial")]
    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.DeleteModel(name="ApiKey"),
    ]
