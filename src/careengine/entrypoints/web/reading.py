"""For what a person opens charts here: the first purpose for which their roles may know who a patient is."""

from careengine.entrypoints.staff import Person
from careengine.trust.access import Access
from careengine.trust.actor import Purpose, Reader

_USUAL = (Purpose.TREATMENT, Purpose.PAYMENT, Purpose.OPERATIONS, Purpose.OVERSIGHT)


def reader_for(access: Access, person: Person) -> Reader:
    """Return somebody as a reader of charts at their daily work.

    Whose roles may know nobody by name reads for operations, and finds every chart closed.
    """
    for purpose in _USUAL:
        reader = person.reader(purpose)
        if access.allows(reader, ("Patient",)):
            return reader
    return person.reader(Purpose.OPERATIONS)
