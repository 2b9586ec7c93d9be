"""The words that hot rows hold as small numbers, and the numbers that keep processes' ids apart."""

from django.db import migrations

CODES = """
create table code (
    kind  text     not null,
    id    smallint not null check (id > 0),
    name  text     not null,
    primary key (kind, id),
    constraint a_name_has_one_code unique (kind, name)
);
"""

PROCESSES = """
-- Each process that makes ids takes the next number; it comes round again after 16,384 starts.
create sequence process_number as integer minvalue 0 maxvalue 16383 start 0 cycle;
"""


class Migration(migrations.Migration):
    """Create the table of codes and the sequence of process numbers."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(CODES), migrations.RunSQL(PROCESSES)]
