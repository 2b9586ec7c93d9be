"""How far each reader has read the record's change feed."""

from django.db import migrations

CURSOR = """
create table feed_cursor (
    reader   text   primary key,
    xid      bigint not null default 0,
    n        bigint not null default 0
);
insert into feed_cursor (reader) values ('engine');
"""


class Migration(migrations.Migration):
    """One row a reader, locked while it reads, so that two workers do not read the same changes."""

    dependencies = [("engine", "0002_partners")]
    operations = [migrations.RunSQL(CURSOR)]
