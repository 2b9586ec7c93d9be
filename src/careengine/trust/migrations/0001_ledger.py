"""The ledger: decisions with what they saw, who read whose chart, and the chain of blocks that seals both."""

from django.db import migrations

DECISIONS = """
-- Which rule spoke, in which version: once, under the digest of these words, which leaves cover.
create table decision_rule (
    key             uuid not null primary key,
    question        text not null,
    function        text not null,
    policy          text not null,
    policy_version  int  not null,
    code_version    text not null
);

-- kind: 0 favourable, 1 refusal (administrative), 2 adverse (clinical); route: 0 proceed, 1 ask;
-- actor_kind: 0 software, 1 person, 2 agent. digest is filled when salt, input and body are purged: the
-- leaf is then still provable.
create table decision (
    id            bigint      not null,
    recorded_at   timestamptz not null,
    at            timestamptz not null,
    batch         bigint      not null,
    case_id       bigint      not null,
    event_id      bigint,
    subject       uuid        not null,
    rule          uuid        not null,
    leaf          int         not null,
    case_version  int         not null,
    ordinal       smallint    not null,
    site          smallint    not null,
    journey       smallint    not null,
    route         smallint    not null,
    kind          smallint    not null,
    actor_kind    smallint    not null,
    actor         text        not null,
    answer        text        not null,
    clause        text,
    law           text,
    basis         text,
    body_crc      int,
    digest        bytea,
    input         bytea,
    salt          bytea,
    body          bytea,
    primary key (id, recorded_at),
    constraint a_kind_is_known check (
        kind between 0 and 2 and actor_kind between 0 and 2 and route between 0 and 1
    ),
    constraint a_refusal_names_clause_and_law check (
        kind <> 1 or (coalesce(btrim(clause), '') <> '' and coalesce(btrim(law), '') <> '')
    ),
    constraint only_a_clinician_decides_adversely check (
        kind <> 2 or (actor_kind = 1 and coalesce(btrim(basis), '') <> '')
    ),
    constraint a_purged_decision_keeps_its_digest check (
        num_nonnulls(body, salt, input, body_crc) = case when digest is null then 4 else 0 end
    )
) partition by range (recorded_at);
create table decision_default partition of decision default;
create index decision_case on decision (case_id);
create index decision_recorded on decision using brin (recorded_at);
alter table decision alter column body set storage external;

-- What the function saw, once per month however many decisions saw it; body_crc finds a damaged byte
-- that decompresses to the same text.
create table decision_input (
    digest    bytea  not null,
    month     date   not null,
    body_crc  int    not null,
    body      bytea  not null,
    primary key (digest, month)
) partition by range (month);
create table decision_input_default partition of decision_input default;
alter table decision_input alter column body set storage external;
"""

AUDIT = """
-- One row per reading of charts: whose, which kinds, by whom, why; things: ids of what else it was about.
create table audit (
    id           bigint      not null,
    recorded_at  timestamptz not null,
    at           timestamptz not null,
    batch        bigint      not null,
    leaf         int         not null,
    actor_kind   smallint    not null,
    act          text        not null,
    actor        text        not null,
    purpose      text        not null,
    journey      text        not null,
    why          text        not null,
    kinds        text[]      not null,
    subjects     uuid[]      not null,
    things       bigint[]    not null,
    salt         bytea       not null,
    primary key (id, recorded_at)
) partition by range (recorded_at);
create table audit_default partition of audit default;
create index audit_subjects on audit using gin (subjects);
create index audit_actor on audit (actor, recorded_at);
create index audit_recorded on audit using brin (recorded_at);

create table break_glass (
    id           bigint      primary key,
    actor        text        not null,
    subject      uuid        not null,
    reason       text        not null,
    why          text        not null,
    opened_at    timestamptz not null,
    until        timestamptz not null,
    review_by    timestamptz not null,
    reviewed_at  timestamptz,
    reviewed_by  text,
    finding      text,
    constraint it_ends check (until > opened_at),
    constraint a_review_is_whole check (
        (reviewed_at is null) = (reviewed_by is null) and (reviewed_at is null) = (finding is null)
    ),
    constraint nobody_reviews_themselves check (reviewed_by <> actor)
);
create index break_glass_open on break_glass (actor, subject, until);
create index break_glass_to_review on break_glass (review_by) where reviewed_at is null;
"""

CHAIN = """
create table block (
    seq          bigint      primary key,
    batch        bigint      not null unique,
    recorded_at  timestamptz not null,
    n            int         not null,
    prev         bytea       not null,
    root         bytea       not null,
    hash         bytea       not null,
    leaves       bytea       not null
);
create index block_recorded on block (recorded_at);
alter table block alter column leaves set storage external;

create table block_head (
    id    smallint primary key check (id = 1),
    seq   bigint   not null,
    hash  bytea    not null
);
insert into block_head values (1, 0, decode(repeat('00', 32), 'hex'));
"""


class Migration(migrations.Migration):
    """Create the ledger; monthly partitions are made ahead by ``runtime.partitions``."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(DECISIONS), migrations.RunSQL(AUDIT), migrations.RunSQL(CHAIN)]
