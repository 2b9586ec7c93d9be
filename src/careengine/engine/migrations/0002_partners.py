"""Partners and what limits them, who is sending now, what is stopped, and how much each lane usually does."""

from django.db import migrations

PARTNERS = """
-- Limits are copied here from organisation.yaml at start, so that all workers share one bucket.
create table partner (
    id           smallint          primary key,
    concurrency  smallint          not null,
    per_second   double precision  not null,
    burst        double precision  not null,
    tokens       double precision  not null,
    refilled_at  timestamptz       not null,
    takeovers    bigint            not null default 0,
    constraint a_partner_can_be_sent_to check (concurrency > 0 and per_second > 0 and burst >= 1)
);

-- One row for each batch on its way: its lease, and how many of the partner's connections it uses.
create table sending (
    lease      bigint       primary key,
    partner    smallint     not null,
    threads    smallint     not null,
    until      timestamptz  not null
);
create index sending_of_partner on sending (partner);
"""

EFFECTS = """
-- Asked to be void while on its way: it will not be tried again.
alter table effect add column void_asked boolean not null default false;

-- Reminders of next week must not be read past at every poll.
drop index effect_to_send;
create index effect_to_send on effect (partner, next_try) where status = 0 and not_before is null;
create index effect_for_later on effect (partner, not_before) where status = 0 and not_before is not null;
create index effect_dead on effect (id) where status in (2, 3);
"""

STOPS = """
create table lane_stop (
    id              bigint       primary key,
    scope           text         not null check (scope in ('lane', 'site', 'partner')),
    name            text         not null,
    by              text         not null,
    reason          text         not null,
    at              timestamptz  not null,
    resumed_by      text,
    resumed_at      timestamptz,
    resumed_reason  text,
    constraint a_stop_says_why check (reason <> ''),
    constraint a_resumption_says_who_and_why
        check (num_nulls(resumed_at, resumed_by, resumed_reason) in (0, 3))
);
create unique index lane_stop_in_force on lane_stop (scope, name) where resumed_at is null;

-- How many effects of a kind left a lane in each window of domain time.
create table volume (
    journey  smallint     not null,
    kind     smallint     not null,
    starts   timestamptz  not null,
    sent     int          not null,
    primary key (journey, kind, starts)
);
"""


class Migration(migrations.Migration):
    """Create what the senders and the guards keep."""

    dependencies = [("engine", "0001_cases")]
    operations = [migrations.RunSQL(PARTNERS), migrations.RunSQL(EFFECTS), migrations.RunSQL(STOPS)]
