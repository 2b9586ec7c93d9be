"""Which payer of ours does an insurance name? Pure."""

from careengine.capabilities.registration.model import CoverPolicy, Held


def folded(name: str) -> str:
    """Return a name without what senders write differently: capitals and spaces."""
    return " ".join(name.casefold().split())


def payer_of(held: Held, *, policy: CoverPolicy) -> str:
    """Return the name that a payer has here, by what the insurance calls it; empty if none is called so.

    A payer's name here and its number are names of it too. What merely resembles one does not count.
    """
    wanted = {folded(name) for name in held.called} - {""}
    found = [
        known
        for known, payer in policy.payers.items()
        if wanted & {folded(known), folded(payer.id), *payer.called}
    ]
    return found[0] if len(found) == 1 else ""
