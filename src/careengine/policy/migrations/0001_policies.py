"""Policies as published: every version for ever, which one is live, and each move of what is live."""

from django.db import migrations

POLICIES = """
create table policy_version (
    name          text        not null,
    version       int         not null check (version > 0),
    digest        bytea       not null,
    schema        text        not null,
    body          bytea       not null,
    offered_at    timestamptz not null,
    offered_by    text        not null,
    published_at  timestamptz,
    published_by  text,
    approved_by   text,
    note          text        not null default '',
    supersedes    int,
    primary key (name, version),
    constraint the_same_text_is_one_version unique (name, digest),
    constraint a_published_version_says_by_whom check (
        (published_at is null) = (published_by is null) and (published_at is null) = (approved_by is null)),
    constraint a_second_person_approves check (
        published_by is null or published_by <> approved_by or published_by like 'system:%'),
    foreign key (name, supersedes) references policy_version (name, version)
);

create table policy_live (
    name     text primary key,
    version  int  not null,
    foreign key (name, version) references policy_version (name, version)
);

create table policy_move (
    name         text        not null,
    moved_at     timestamptz not null,
    moved_by     text        not null,
    approved_by  text        not null,
    from_version int,
    to_version   int         not null,
    note         text        not null,
    foreign key (name, to_version) references policy_version (name, version)
);
create index policy_move_name on policy_move (name, moved_at);
"""

KEPT = """
create function policy_version_is_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'Policy versions are kept: decisions quote them.';
    end if;
    if old.published_at is not null
       or (new.name, new.version, new.digest, new.schema, new.body, new.offered_at, new.offered_by)
          is distinct from
          (old.name, old.version, old.digest, old.schema, old.body, old.offered_at, old.offered_by)
    then
        raise exception 'A policy version is never changed: offer a new one.';
    end if;
    return new;
end $$;
create trigger policy_version_is_kept before update or delete on policy_version
    for each row execute function policy_version_is_kept();

create function policy_move_is_kept() returns trigger language plpgsql as $$
begin
    raise exception 'What was live is kept: add a move, change none.';
end $$;
create trigger policy_move_is_kept before update or delete on policy_move
    for each row execute function policy_move_is_kept();
"""


class Migration(migrations.Migration):
    """Create the tables of published policies."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(POLICIES), migrations.RunSQL(KEPT)]
