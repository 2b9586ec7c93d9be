"""What a refusal by the database means: a race that is tried again, or a content it will never take."""

import psycopg
from psycopg import errors

from careengine.kernel.errors import Conflict

CONFLICTS = (
    Conflict,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.UniqueViolation,
)
"""Somebody else was first; the same work may succeed on fresh rows."""
CONTENT = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
    psycopg.InternalError,  # a transaction that a loader broke and said nothing of, a damaged row
    errors.ProgramLimitExceeded,  # a key too long for any index
    errors.StatementTooComplex,
)
"""However often it is tried: one of the rows is at fault and must be found."""
