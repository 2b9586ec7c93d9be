"""Cases, what happens to them, and what they send: the narrow hot rows and the partitioned history."""

from django.db import migrations

CASES = """
create table engine_case (
    id               bigint      primary key,
    opened_at        timestamptz not null,
    entered_at       timestamptz not null,
    due_at           timestamptz,
    wake_at          timestamptz,
    clock_from       timestamptz,
    clock_until      timestamptz,
    closed_at        timestamptz,
    subject          uuid        not null,
    version          int         not null,
    journey          smallint    not null,
    journey_version  smallint    not null,
    state            smallint    not null,
    owner            smallint    not null,
    awaiting         smallint    not null,
    site             smallint    not null,
    rung             smallint    not null default 0,
    priority         smallint    not null,
    data             bytea       not null,
    constraint an_open_case_has_a_due_time check ((closed_at is null) = (due_at is not null))
);
create index engine_case_due on engine_case (due_at);
create index engine_case_subject on engine_case (subject);

-- One case per goal: the key's digest, so that two senders of one referral meet in one case.
create table engine_case_key (
    key      uuid   primary key,
    case_id  bigint not null
);
"""

EVENTS = """
create table event (
    id           bigint      not null,
    recorded_at  timestamptz not null,
    happened_at  timestamptz not null,
    subject      uuid,
    kind         smallint    not null,
    actor        text        not null,
    ref          text        not null,
    body         bytea       not null,
    primary key (id, recorded_at)
) partition by range (recorded_at);
create table event_default partition of event default;

-- The same message twice is one event. Apart, since a partitioned event cannot be unique on its key.
create table event_key (
    key       uuid   primary key,
    event_id  bigint not null
) partition by hash (key);

create table inbox (
    case_id      bigint      not null,
    event_id     bigint      not null,
    recorded_at  timestamptz not null,
    not_before   timestamptz,
    primary key (case_id, event_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index inbox_event on inbox (event_id);

create table unrouted (
    event_id     bigint      primary key,
    recorded_at  timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The proof that an event advanced a case once.
create table consumed (
    event_id  bigint not null,
    case_id   bigint not null,
    primary key (event_id, case_id)
) partition by hash (event_id);

create table case_event (
    case_id      bigint      not null,
    version      int         not null,
    recorded_at  timestamptz not null,
    at           timestamptz not null,
    due_at       timestamptz,
    event_id     bigint,
    what         smallint    not null,
    from_state   smallint    not null,
    to_state     smallint    not null,
    owner        smallint    not null,
    primary key (case_id, version, recorded_at)
) partition by range (recorded_at);
create table case_event_default partition of case_event default;

create table hold (
    key      text        primary key,
    case_id  bigint      not null,
    until    timestamptz not null
);
"""

CARDS = """
create table card (
    id             bigint      primary key,
    case_id        bigint      not null,
    subject        uuid        not null,
    opened_at      timestamptz not null,
    due_at         timestamptz not null,
    closed_at      timestamptz,
    snoozed_until  timestamptz,
    decision_id    bigint,
    decision_at    timestamptz,
    version        int         not null default 1,
    journey        smallint    not null,
    state          smallint    not null,
    site           smallint    not null,
    team           smallint    not null,
    kind           smallint    not null,
    status         smallint    not null default 0,
    rung           smallint    not null default 0,
    priority       smallint    not null,
    urgent         boolean     not null default false,
    assignee       text,
    snoozed_for    text,
    body           bytea       not null
);
create index card_worklist on card (team, site, due_at) where status < 2;
create index card_case on card (case_id);
"""

EFFECTS = """
create table effect (
    id            bigint      not null,
    recorded_at   timestamptz not null,
    case_id       bigint      not null,
    subject       uuid        not null,
    key           uuid        not null,
    not_before    timestamptz,
    not_after     timestamptz,
    next_try      timestamptz not null,
    lease_until   timestamptz,
    lease         bigint,
    case_version  int         not null,
    ordinal       smallint    not null,
    kind          smallint    not null,
    partner       smallint    not null,
    site          smallint    not null,
    journey       smallint    not null,
    status        smallint    not null default 0,
    attempts      smallint    not null default 0,
    takeovers     smallint    not null default 0,
    why           text,
    body          bytea       not null,
    primary key (id, recorded_at)
) partition by range (recorded_at);
create table effect_default partition of effect default;
create index effect_to_send on effect (partner, next_try) where status = 0;
create index effect_of_case on effect (case_id) where status = 0;

create table effect_key (
    key        uuid   primary key,
    effect_id  bigint not null
) partition by hash (key);
"""


def _hashed(table: str, parts: int = 8) -> str:
    return "".join(
        f"create table {table}_{n} partition of {table} for values with (modulus {parts}, remainder {n});\n"
        for n in range(parts)
    )


class Migration(migrations.Migration):
    """Create the engine's tables; monthly partitions are made ahead by ``runtime.partitions``."""

    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(CASES),
        migrations.RunSQL(EVENTS + _hashed("event_key") + _hashed("consumed")),
        migrations.RunSQL(CARDS),
        migrations.RunSQL(EFFECTS + _hashed("effect_key")),
    ]
