"""For what a person opens charts here: the first purpose for which their roles may know who a patient is."""

from uuid import UUID

from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.house import House
from careengine.runtime.database import Connection
from careengine.trust.access import Access, NotAllowed
from careengine.trust.actor import Purpose, Reader
from careengine.trust.break_glass import open_to

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


def reader_of_chart(conn: Connection, house: House, person: Person, subject: UUID) -> Reader:
    """Return somebody as a reader of one chart: in an emergency, while they hold it open themselves."""
    opened = open_to(conn, person.login, [subject], house.engine.clock.now())
    return person.reader(Purpose.EMERGENCY) if opened else reader_for(house.access, person)


def refuse_without_emergencies(access: Access, person: Person) -> None:
    """Refuse to open a closed chart to whose roles read none in an emergency; raises ``NotAllowed``."""
    if not access.allows(person.reader(Purpose.EMERGENCY), ("Patient",)):
        raise NotAllowed("Your role opens no closed chart. Ask a nurse or a clinician if it is urgent.")
