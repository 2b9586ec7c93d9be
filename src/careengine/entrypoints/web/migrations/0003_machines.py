"""Tokens of programs and people, and what was done as one batch."""

from django.db import migrations

TABLES = """
create table access_token (
    digest      bytea        primary key,
    actor       text         not null,
    made_at     timestamptz  not null,
    expires_at  timestamptz  not null,
    revoked_at  timestamptz
);
create index access_token_of on access_token (actor) where revoked_at is null;
comment on column access_token.digest is 'SHA-256 of the token: who reads the table cannot use it.';
create table batch_act (
    batch     text         not null,
    actor     text         not null,
    ordinal   bigint       generated always as identity,
    card_id   bigint       not null,
    act       text         not null,
    team      text         not null,
    owner     text,
    at        timestamptz  not null,
    undone_at timestamptz,
    primary key (actor, batch, ordinal)
);
create index batch_act_lately on batch_act (actor, at);
comment on table batch_act is 'What was done with cards, and how each stood before: for budgets and undoing.';
"""


class Migration(migrations.Migration):
    """Create what programs need to act as themselves."""

    dependencies = [("web", "0002_sign_in")]
    operations = [migrations.RunSQL(TABLES)]
