"""Every (journey, version, state) any release has declared, so that a start need not scan all cases."""

from django.db import migrations

STATES = """
create table journey_state (
    journey          smallint not null,
    journey_version  smallint not null,
    state            smallint not null,
    primary key (journey, journey_version, state)
);
"""


class Migration(migrations.Migration):
    """A case can only be in a state that stands here; those the code no longer declares are looked for."""

    dependencies = [("engine", "0003_feed_cursor")]
    operations = [migrations.RunSQL(STATES)]
