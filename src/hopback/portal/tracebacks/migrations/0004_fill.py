from django.db import migrations

from hopback.portal.audit.guards import append_only

NOTE = ("id", "leaf", "traceback_id", "at", "author", "text")
LINK = ("id", "leaf", "first_id", "second_id", "is_linked", "at", "author", "reason")


def fill(apps, _editor):
    """Bring the rows of tracebacks that were there before up to their events."""
    from hopback.kernel.events import from_dict
    from hopback.kernel.folding import replay
    from hopback.portal.tracebacks.projections import projected, turn_of

    Traceback, TraceEvent = (apps.get_model("tracebacks", name) for name in ("Traceback", "TraceEvent"))
    columns = {field.name for field in Traceback._meta.get_fields() if field.concrete}
    for row in Traceback.objects.iterator(chunk_size=500):
        events = list(TraceEvent.objects.filter(traceback=row).order_by("number"))
        trace = replay(from_dict(event.data) for event in events)
        row.turn, row.updated_at = turn_of(trace, review=row.review), events[-1].at
        for name, value in projected(trace).items():
            if name in columns:  # later ones are filled by later migrations
                setattr(row, name, value)
        row.save()


class Migration(migrations.Migration):
    dependencies = [("tracebacks", "0003_projections")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        append_only("tracebacks_note", fixed=NOTE),
        append_only("tracebacks_tracelink", fixed=LINK),
    ]
