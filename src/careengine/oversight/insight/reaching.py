"""What it takes to book a visit: bookings, and the texts and offers for each of them. Pure."""

from collections.abc import Iterator

import numpy as np

from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.shares import Interval, rate_of


def reaching(happened: Happenings, texts: Ints, bookings: Ints, policy: ReferralsPolicy) -> Iterator[Figure]:
    """Tell the bookings, and the texts and offers each of them took."""
    sent, of = happened.sent, len(happened.cases)
    booked, texted = (sent.case[np.isin(sent.kind, kinds)] for kinds in (bookings, texts))
    offered = np.repeat(np.arange(of), happened.offers.times)
    for name, each in (("bookings", booked), ("texts", texted), ("offers", offered)):
        yield Figure(
            name=f"{name}.made", unit="count", found=Interval(len(each)), of=of, cases=_most(happened, each),
            formula=f"insight.formula_{name}_made",
        )  # fmt: skip
    for name, each in (("texts", texted), ("offers", offered)):
        yield Figure(
            name=f"{name}.per_booking", unit="rate", of=len(booked), cases=_most(happened, each),
            found=rate_of(len(each), len(booked), policy.confidence),
            formula=f"insight.formula_{name}_per_booking",
        )  # fmt: skip


def _most(happened: Happenings, each: Ints) -> Ints:
    """Return the cases that took some, those that took most on top."""
    places, times = np.unique(each, return_counts=True)
    found: Ints = happened.cases[places[np.argsort(-times, kind="stable")]]
    return found
