"""Replays of drafts over history: how far each has come, and which cases came out otherwise."""

from django.db import migrations

REPLAYS = """
create table replay (
    id          bigint      primary key,
    journey     smallint    not null,
    policy      text,
    draft       bytea,
    digest      bytea,
    since       timestamptz not null,
    until       timestamptz not null,
    begun_at    timestamptz not null,
    begun_by    text        not null,
    ended_at    timestamptz,
    stopped_at  timestamptz,
    place       bigint      not null,
    counts      bytea       not null,
    constraint a_draft_is_of_a_policy check (num_nonnulls(policy, draft, digest) in (0, 3))
);
create index replay_of_draft on replay (digest) where digest is not null;

create table replay_change (
    replay     bigint      not null references replay on delete cascade,
    case_id    bigint      not null,
    decision   bigint      not null,
    at         timestamptz not null,
    harm       real        not null,
    direction  text        not null,
    body       bytea       not null,
    primary key (replay, case_id)
);
create index replay_change_by_harm on replay_change (replay, harm desc, case_id);
"""


class Migration(migrations.Migration):
    """Keep what a draft would have done: a stopped replay goes on, every case is one click away."""

    dependencies = [("engine", "0007_counting")]
    operations = [migrations.RunSQL(REPLAYS)]
