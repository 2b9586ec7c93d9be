"""What people did with cards: taken, handed over, put aside, answered, withdrawn, pushed up."""

from django.db import migrations

ACTS = """
create table card_act (
    id            bigint       primary key,
    card_id       bigint       not null,
    card_version  int          not null,
    recorded_at   timestamptz  not null,
    at            timestamptz  not null,
    act           text         not null,
    actor         text         not null,
    actor_kind    smallint     not null,
    what          text         not null,
    reason        text         not null,
    event_id      bigint
);
create index card_act_of_card on card_act (card_id, id);
-- Two people cannot both answer the same version of a card.
create unique index card_answered_once on card_act (card_id, card_version) where act = 'decided';
"""


class Migration(migrations.Migration):
    """Create the history of people's acts on cards."""

    initial = True
    dependencies = [("engine", "0005_snoozing")]
    operations = [migrations.RunSQL(ACTS)]
