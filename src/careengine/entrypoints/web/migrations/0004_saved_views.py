"""Lists that people named for themselves."""

from django.db import migrations

VIEWS = """
create table saved_view (
    login  text  not null,
    name   text  not null check (length(name) between 1 and 40),
    query  text  not null check (length(query) <= 500),
    primary key (login, name)
);
"""


class Migration(migrations.Migration):
    """Keep how somebody narrowed the inbox, under a name of theirs."""

    dependencies = [("web", "0003_machines")]
    operations = [migrations.RunSQL(VIEWS)]
