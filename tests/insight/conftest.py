"""Histories whose answers are known, on a fresh database."""

import pytest
from visit_histories import Histories, open_histories

from careengine.runtime.clock import FixedClock
from careengine.runtime.database import Connection


@pytest.fixture
def histories(conn: Connection, clock: FixedClock) -> Histories:
    """Nothing planted yet; day 0 is noon of Monday 2 March 2026."""
    return open_histories(conn, clock)
