"""Cards in the order people take them, and when one was put aside."""

from django.db import migrations

CARDS = """
alter table card add column snoozed_at timestamptz;
comment on column card.snoozed_at is 'Real time at which it was put aside: an event recorded later wakes it.';
create index card_in_order on card (team, urgent desc, due_at, opened_at) where status = 0;
"""


class Migration(migrations.Migration):
    """Let a worklist page be read from one index."""

    dependencies = [("engine", "0004_journey_state")]
    operations = [migrations.RunSQL(CARDS)]
