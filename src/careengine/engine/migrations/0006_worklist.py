"""Cards as people narrow them: by who has them, by kind, by what a law's clock runs for."""

from django.db import migrations

CARDS = """
create index card_of_person on card (assignee, due_at, opened_at) where status = 0 and assignee is not null;
create index card_of_kind on card (kind, team, due_at, opened_at) where status = 0;
create index card_of_state on card (journey, state, team, due_at, opened_at) where status = 0 and not urgent;
create index card_of_subject on card (subject) where status < 2;
"""


class Migration(migrations.Migration):
    """Let every list of open cards be read from an index, however many wait."""

    dependencies = [("engine", "0005_snoozing")]
    operations = [migrations.RunSQL(CARDS)]
