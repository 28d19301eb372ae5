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
    """Base class of all of them: ``except SessionlabError`` catches whatever sessionlab raises on purpose.

    >>> from sessionlab import Lab
    >>> try:
    ...     Lab().history("17")
    ... except SessionlabError as error:
    ...     print(error)
    There is no session '17'.
    """


class SourceError(SessionlabError):
    """A source cannot be read, or nothing in it could be loaded.

    >>> from sessionlab import Lab
    >>> Lab().load("nowhere.json")
    Traceback (most recent call last):
    sessionlab.errors.SourceError: ...nowhere.json...
    """


class UnknownKind(SourceError):
    """A source was read, but what is in it fits no kind.

    >>> from sessionlab import Lab
    >>> import sqlite3, tempfile
    >>> path = f"{tempfile.mkdtemp()}/notes.db"
    >>> sqlite3.connect(path).execute("CREATE TABLE notes (text)").connection.close()
    >>> Lab().load(path)
    Traceback (most recent call last):
    sessionlab.errors.UnknownKind: ...notes...
    """


class InvalidRecord(SessionlabError):
    """A record does not fit its kind.

    >>> from sessionlab import Lab
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "goals.json"
    >>> size = file.write_text('[{"id": "one", "design_goal": "sort"}]')
    >>> Lab().load(file, strict=True)
    Traceback (most recent call last):
    sessionlab.errors.InvalidRecord: ...goals.json, record 0...
    """


class NotFound(SessionlabError):
    """What was asked for by name is not there.

    >>> from sessionlab import Lab
    >>> Lab().forget("logs")
    Traceback (most recent call last):
    sessionlab.errors.NotFound: The lab has no source 'logs'. It has: none yet.
    """


class LabError(SessionlabError):
    """The lab file cannot be used.

    >>> from sessionlab import Lab
    >>> lab = Lab()
    >>> lab.close()
    >>> lab.table("sessions")
    Traceback (most recent call last):
    sessionlab.errors.LabError: This lab is closed. Open it again with Lab(…).
    """


class LabBusy(LabError):
    """Somebody else has the lab file open for writing.

    >>> import duckdb, tempfile
    >>> from sessionlab import Lab
    >>> path = f"{tempfile.mkdtemp()}/lab.duckdb"
    >>> Lab(path).load("data/workflow.json").sessions
    100
    >>> writer = duckdb.connect(path)
    >>> Lab(path).table("sessions")
    Traceback (most recent call last):
    sessionlab.errors.LabBusy: ...lab.duckdb...
    >>> writer.close()
    """


class StoreError(SessionlabError):
    """A store cannot be opened, reached or written.

    >>> from sessionlab import open_store
    >>> open_store("logs")
    Traceback (most recent call last):
    sessionlab.errors.StoreError: There is no store of the kind 'logs'. There are: ...
    """


class QueryError(SessionlabError):
    """SQL, a condition or a column name that does not hold.

    >>> from sessionlab import Lab
    >>> Lab().metrics.success_rate(by="topc")
    Traceback (most recent call last):
    sessionlab.errors.QueryError: Sessions have no column 'topc'. Did you mean 'topic'? ...
    """


class MissingExtra(SessionlabError):
    """An optional dependency is not installed.

    >>> from sessionlab import Lab
    >>> try:
    ...     explorer = Lab().explore()
    ... except MissingExtra as error:
    ...     print(error)  # what to install
    """
