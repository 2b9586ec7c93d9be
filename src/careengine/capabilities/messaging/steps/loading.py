"""Load how people can be reached and what they wrote, for a whole batch of cases at once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from careengine.capabilities.messaging.model import Contact, Inbox, Message
from careengine.capabilities.messaging.steps.reaching import contact_of, message_of
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

WAYS = ("Consent", "Flag", "Patient")
MESSAGES = ("Communication",)
LOOKS_BACK = timedelta(days=60)
"""Messages older than this change no decision: caps look a week back, questions stay open for weeks."""
_INBOX_BACK = timedelta(days=7)
_MOST = 5


def load_contacts(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Contact]:
    """Return how each case's person can be reached; two readings for the whole batch."""
    subjects = list(dict.fromkeys(case.subject for case in cases))
    known = charts.of_subjects(subjects, kinds=WAYS)
    written = charts.of_subjects(subjects, kinds=MESSAGES, since=charts.at - LOOKS_BACK)
    reached = {one: contact_of([*known.get(one, ()), *written.get(one, ())], charts.at) for one in subjects}
    return {case.id: reached[case.subject] for case in cases}


def load_inboxes(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Inbox]:
    """Return what the event at hand names, then what else the person wrote lately, newest first."""
    named = {case.id: _named(case) for case in cases}
    refs = [ref for ref in named.values() if ref is not None]
    at_hand = charts.resources(refs, kinds=MESSAGES)
    chart = charts.of_subjects(
        {case.subject for case in cases}, kinds=MESSAGES, since=charts.at - _INBOX_BACK
    )
    return {
        case.id: Inbox(_in_order(_stored(named[case.id], at_hand), chart.get(case.subject, [])))
        for case in cases
    }


def _named(case: Case) -> Ref | None:
    return Ref.parse(case.about) if case.about.startswith("Communication/") else None


def _stored(ref: Ref | None, found: Mapping[Ref, Stored]) -> list[Stored]:
    return [found[ref]] if ref is not None and ref in found else []


def _in_order(at_hand: Sequence[Stored], others: Sequence[Stored]) -> tuple[Message, ...]:
    first = [message for one in at_hand if (message := message_of(one, drafts=True)) is not None]
    seen = {one.ref.newest() for one in at_hand}
    rest = [m for one in others if one.ref.newest() not in seen and (m := message_of(one)) is not None]
    return (*first, *sorted(rest, key=lambda one: one.at, reverse=True)[:_MOST])
