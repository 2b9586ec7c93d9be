"""Invitations, which are used once; and the counters that slow down who guesses."""

from django.db import migrations

TABLES = """
create table invite (
    digest      bytea        primary key,
    login       text         not null,
    straight    boolean      not null default false,
    expires_at  timestamptz  not null,
    used_at     timestamptz
);
comment on column invite.digest is 'SHA-256 of the link''s token: who reads the table cannot use it.';
comment on column invite.straight is 'Signs in at once, for trying out only: no password, no second factor.';
create unlogged table attempt (
    cache_key  varchar(255)  primary key,
    value      text          not null,
    expires    timestamptz   not null
);
create index attempt_over on attempt (expires);
"""


class Migration(migrations.Migration):
    """Create what signing in needs besides the accounts themselves."""

    dependencies = [("web", "0001_looks")]
    operations = [migrations.RunSQL(TABLES)]
