"""Who looks at which card at the moment: lost in a crash, and nobody minds."""

from django.db import migrations

LOOKS = """
create unlogged table card_look (
    card_id  bigint       not null,
    login    text         not null,
    at       timestamptz  not null,
    primary key (card_id, login)
);
create index card_look_lately on card_look (at);
"""


class Migration(migrations.Migration):
    """Create the marks that somebody else is here."""

    initial = True
    dependencies = [("worklist", "0001_acts"), ("engine", "0006_worklist")]
    operations = [migrations.RunSQL(LOOKS)]
