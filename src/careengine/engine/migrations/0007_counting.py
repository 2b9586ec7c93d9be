"""Open cards as they are counted (nobody's, put aside, raised) and as those of some kinds are listed."""

from django.db import migrations

CARDS = """
create index card_of_nobody on card (team, due_at) where status = 0 and assignee is null;
create index card_put_aside on card (team) where status = 0 and snoozed_until is not null;
create index card_raised on card (team, due_at) where status = 0 and rung > 0;
create index card_urgent on card (kind, team, due_at, opened_at) where status = 0 and urgent;
create index card_of_kind_and_state on card (kind, journey, state, team, due_at, opened_at)
    where status = 0 and not urgent;
"""


class Migration(migrations.Migration):
    """Let every number beside a list, and every narrowed list, be read from an index."""

    dependencies = [("engine", "0006_worklist")]
    operations = [migrations.RunSQL(CARDS)]
