"""The record: resources with extracted columns, earlier versions, the search index, subjects, the feed."""

from django.db import migrations

SUBJECTS = """
-- Who a resource is about, under our own id. ``root`` is where the chain of merges ends.
create table subject (
    id           uuid  primary key,
    kind         text  not null,
    merged_into  uuid  references subject,
    root         uuid  not null
);
create index subject_root on subject (root);
create index subject_merged on subject (merged_into) where merged_into is not null;

-- system = 'Patient' and value = the resource's id, or an identifier's system and value.
create table subject_alias (
    system   text not null,
    value    text not null,
    subject  uuid not null,
    primary key (system, value, subject)
);
create index subject_alias_subject on subject_alias (subject);

-- Merges and unmerges as they happened; never changed.
create table subject_merge (
    id           bigint      generated always as identity primary key,
    at           timestamptz not null,
    subject      uuid        not null,
    merged_into  uuid        not null,
    undone       boolean     not null,
    actor        text        not null
);
"""

RESOURCES = """
create sequence resource_rid;

-- The newest version of each resource. code, status, category and encounter hold the key of the first value
-- of the type's busiest parameters, subject the patient of its compartment: they are indexed together.
create table resource (
    rid        bigint      primary key,
    updated    timestamptz not null,
    date_lo    timestamptz,
    date_hi    timestamptz,
    subject    uuid,
    code       uuid,
    status     uuid,
    category   uuid,
    encounter  uuid,
    version    int         not null,
    type       smallint    not null,
    deleted    boolean     not null,
    id         text        collate "C" not null,
    body       bytea       not null
);
alter table resource alter column body set storage external;
create unique index resource_type_id on resource (type, id);
create index resource_subject on resource (subject, type, code, date_lo desc nulls last);
create index resource_code on resource (type, code, date_lo desc nulls last) where code is not null;
create index resource_status on resource (type, status, date_lo desc nulls last) where status is not null;
create index resource_encounter on resource (encounter, type) where encounter is not null;
create index resource_updated on resource (type, updated);

-- Every version that was replaced, as it was; the newest lies in resource.
create table resource_version (
    rid          bigint      not null,
    version      int         not null,
    recorded_at  timestamptz not null,
    deleted      boolean     not null,
    body         bytea       not null,
    primary key (rid, version, recorded_at)
) partition by range (recorded_at);
create table resource_version_default partition of resource_version default;
"""

SEARCH = """
-- The words of tokens, so that a code can be found without naming its system. Rows may repeat.
create table term (
    value   text collate "C" not null,
    system  text collate "C" not null
);
create index term_value on term (value, system);

-- A row for each token, reference and uri of a resource; the key digests parameter, system and value.
create table sp (
    key  uuid   not null,
    rid  bigint not null
);
create index sp_key on sp (key, rid);
create index sp_rid on sp (rid);

create table sp_string (
    rid    bigint not null,
    param  int    not null,
    value  text   collate "C" not null
);
create index sp_string_value on sp_string (param, value, rid);
create index sp_string_rid on sp_string (rid);

create table sp_date (
    rid    bigint      not null,
    low    timestamptz not null,
    high   timestamptz not null,
    param  int         not null
);
create index sp_date_low on sp_date (param, low, high, rid);
create index sp_date_rid on sp_date (rid);

create table sp_number (
    rid    bigint           not null,
    low    double precision not null,
    high   double precision not null,
    unit   uuid,
    param  int              not null
);
create index sp_number_value on sp_number (param, low, high, rid);
create index sp_number_rid on sp_number (rid);
"""

FEED = """
-- What changed, written by the transaction that changed it; readers stay below pg_snapshot_xmin.
create table record_change (
    xid          xid8        not null default pg_current_xact_id(),
    n            bigint      not null generated always as identity,
    rid          bigint      not null,
    recorded_at  timestamptz not null,
    subject      uuid,
    version      int         not null,
    type         smallint    not null,
    what         smallint    not null,
    id           text        not null,
    primary key (xid, n)
);
"""


class Migration(migrations.Migration):
    """Create the record's tables; monthly partitions are made ahead by ``runtime.partitions``."""

    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(SUBJECTS),
        migrations.RunSQL(RESOURCES),
        migrations.RunSQL(SEARCH),
        migrations.RunSQL(FEED),
    ]
