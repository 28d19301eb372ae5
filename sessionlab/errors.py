"""Every error that sessionlab raises on purpose.

::

    SessionlabError
    ├── SourceError        a source cannot be read: missing, broken, refused, all of it rejected
    │   └── UnknownKind    a source was read, but fits no kind of session record
    ├── InvalidRecord      a record does not fit its kind (``load(..., strict=True)``; calls of a store)
    ├── NotFound           what was asked for by name is not there
    ├── LabError           the lab file cannot be used: foreign, newer, damaged
    │   └── LabBusy        somebody else has the lab file open for writing
    ├── StoreError         a store cannot be opened, reached or written: foreign, newer, locked, out of reach
    ├── QueryError         SQL, a condition or a column name that does not hold
    └── MissingExtra       an optional dependency is not installed

A message says what failed, what was found, and what to try. None of them ever holds a password.
"""


class SessionlabError(Exception):
    """Base class of all of them: ``except SessionlabError`` catches whatever sessionlab raises on purpose."""


class SourceError(SessionlabError):
    """A source cannot be read, or nothing in it could be loaded."""


class UnknownKind(SourceError):
    """A source was read, but what is in it fits no kind."""


class InvalidRecord(SessionlabError):
    """A record does not fit its kind."""


class NotFound(SessionlabError):
    """What was asked for by name is not there."""


class LabError(SessionlabError):
    """The lab file cannot be used."""


class LabBusy(LabError):
    """Somebody else has the lab file open for writing."""


class StoreError(SessionlabError):
    """A store cannot be opened, reached or written."""


class QueryError(SessionlabError):
    """SQL, a condition or a column name that does not hold."""


class MissingExtra(SessionlabError):
    """An optional dependency is not installed."""
