from django.db import migrations

from hopback.portal.audit.guards import append_only

POLICY = ("version", "leaf", "jurisdiction", "since", "author", "reason", "body")


def fill(apps, _editor):
    """Bring the rows of hops that were there before up to their events."""
    from hopback.kernel.events import from_dict
    from hopback.kernel.folding import replay
    from hopback.portal.tracebacks.projections import clock_seconds, is_hop_late

    Hop, Traceback, TraceEvent = (apps.get_model("tracebacks", name) for name in ("Hop", "Traceback", "TraceEvent"))
    for row in Traceback.objects.iterator(chunk_size=500):
        events = TraceEvent.objects.filter(traceback=row).order_by("number")
        trace = replay(from_dict(event.data) for event in events)
        for hop in trace.hops:
            Hop.objects.filter(traceback=row, number=hop.number).update(
                is_late=is_hop_late(hop), clock_s=clock_seconds(hop), level=hop.escalation_level
            )


class Migration(migrations.Migration):
    dependencies = [("tracebacks", "0006_records_and_policies")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        append_only("tracebacks_policyversion", fixed=POLICY),
    ]
