"""The lab: everything starts here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sessionlab import canonical
from sessionlab.display import show_relations
from sessionlab.errors import LabError, NotFound
from sessionlab.ingest import Load, name_for, run
from sessionlab.labfile import FileStorage
from sessionlab.loaders import check_words, open_source, url_of
from sessionlab.outlets import Outlets
from sessionlab.overview import overview
from sessionlab.progress import showing
from sessionlab.query import ask
from sessionlab.refresh import bring_up_to_date
from sessionlab.reports import LoadReport, RefreshReport
from sessionlab.storage import MemoryStorage, Storage

if TYPE_CHECKING:
    import duckdb


class Lab(Outlets):
    """A DuckDB database that holds the sessions of every loaded source: native tables and canonical ones.

    Args:
        path: The lab's file, which need not be there yet; None for a lab that lives in memory.
        memory_limit: The most memory that DuckDB may take, as ``"2GB"``; beyond it, it works on disk.
        threads: How many threads DuckDB may use; all cores unless said.
        wait: Seconds to wait for another program's load to end before a load of this one gives up.

    A file is never locked: any number of programs may have it open while another one loads, and each sees the new
    rows at its next query. So may any number of threads use one Lab.

    Raises:
        LabError: the file is no lab, or of a later version.
        LabBusy: somebody has it open for writing.

    Example:
        >>> lab = Lab()
        >>> lab.load("data/workflow.json").kinds
        ('workflow',)
        >>> lab.sql("SELECT count(*) > 0 AS loaded FROM sessions").fetchall()
        [(True,)]
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        memory_limit: str | None = None,
        threads: int | None = None,
        wait: float = 600.0,
    ) -> None:
        settings = _settings(memory_limit, threads)
        self.path = None if path is None else Path(path).expanduser().absolute()
        self._storage: Storage = (
            MemoryStorage(settings, wait) if self.path is None else FileStorage(self.path, settings, wait)
        )
        self._urls: dict[str, str] = {}
        self._data_set: str | None = None
        show_relations()

    @classmethod
    def attach(
        cls,
        data_set: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> Self:
        """Open a data set that :meth:`export` made, in place: nothing is copied, and nothing can be loaded into it.

        All that a lab answers it answers too, from the Parquet files; but it has the canonical tables only, and neither
        native ones nor rejects. Each query sees what has been exported by then.

        Args:
            data_set: Its folder, or its URL (``s3://bucket/lake``, ``https://…``), which DuckDB's extension httpfs
                reads where it is installed, else fsspec. What is at a URL is seen as it was when it was attached.
            filesystem: An fsspec file system to read the URL with, as one that has the right credentials.
            memory_limit: The most memory that DuckDB may take, as ``"2GB"``; beyond it, it works on disk.
            threads: How many threads DuckDB may use; all cores unless said.

        Raises:
            LabError: there is no data set, or one of a later version, or it cannot be read.
            MissingExtra: neither httpfs nor fsspec is there for the URL.

        Example:
            >>> from tempfile import mkdtemp
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> lake = Lab.attach(lab.export(f"{mkdtemp()}/lake").path)
            >>> lake.metrics.success_rate().project("judged, passed").fetchall()
            [(95, 74)]
        """
        from sessionlab.export import DataSet

        lab = cls.__new__(cls)
        lab.path = None
        lab._data_set = os.fspath(data_set)
        lab._storage = DataSet(lab._data_set, _settings(memory_limit, threads), filesystem)
        lab._urls = {}
        show_relations()
        return lab

    def load(
        self, source: Any, *others: Any, kind: str | None = None, name: str | None = None, strict: bool = False
    ) -> LoadReport:
        """Load a source, or load it again: its earlier rows are replaced, all or nothing.

        No file counts twice: one that is in the lab already, as part of another source, is left to that, and the report
        says so.

        Args:
            source: A JSON file (an array, one object, JSON Lines; also ``.gz``, ``.zst``), a folder of them, a glob; an
                SQLite file or ``sqlite:///`` URL; a ``postgresql://`` URL (parts left out come from ``POSTGRES_HOST``,
                ``_PORT``, ``_USER``, ``_PASSWORD``, ``_DB``; ``?schema=`` for one other than public); a store that is
                open; a pandas, Polars or Arrow table with canonical column names.
            others: Nothing: all but the source is given by its word, or is an error that says so.
            kind: ``codegen``, ``workflow``, ``conversation`` or ``worktree``, where it is not to be told by content.
            name: What to call it in the lab; unless said, a readable name made from the source.
            strict: Make the first record that cannot be loaded an error.

        Returns:
            What was loaded, what was set aside and why. Records that could not be loaded stand whole in
            :meth:`rejects`.

        Raises:
            SourceError: it cannot be read, nothing in it could be loaded, or all of it is in the lab already as part
                of another source; UnknownKind: it fits no kind.
            InvalidRecord: ``strict``, and a record does not fit.
            LabBusy: another load did not end in time, or somebody has the lab open for writing.
            LabError: the lab cannot be written, or DuckDB's memory is too small.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/conversation.db", name="chats")
            >>> report.source, report.rejected
            ('chats', 0)
        """
        self._refuse_if_read_only()
        check_words(source, others, {"kind": kind, "name": name})
        opened = open_source(source, kind, name)
        with (
            showing(f"loading {opened.name}") as meter,
            self._storage.writing(meter, opened.ahead()) as writer,
            meter.watching(writer.connection, writer.file),
        ):
            known = name_for(writer.connection, opened, name)
            report = run(Load(opened, known, kind, strict, meter), writer)
        if url := url_of(source):
            self._urls[known] = url
        return report

    def refresh(self) -> RefreshReport:
        """Load again what changed since: files by their size and time, databases by a cheap fingerprint.

        With nothing changed, no file is read and the lab is not written. Rows whose file is gone are kept, and the file
        is marked so. Data frames are left alone. Each source is brought up for itself, all or nothing: one that cannot
        be reached, or of which nothing could be loaded any more, keeps its rows and stands in the report's ``failed``.

        Raises:
            LabBusy: another load did not end in time, or somebody has the lab open for writing.
            LabError: the lab cannot be written.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> report = lab.refresh()
            >>> report.unchanged, report.changed
            (1, ())
        """
        self._refuse_if_read_only()
        with showing("refreshing") as meter:
            return bring_up_to_date(self._storage, self._urls, meter)

    def forget(self, name: str) -> None:
        """Remove a source and all its rows from the lab. The source itself is not touched.

        If another source of the lab stands for some of its files too, the next :meth:`refresh` brings them in there.

        Raises:
            NotFound: no source has that name; the message lists those there are.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json", name="states")
            >>> lab.forget("states")
            >>> lab.sources().fetchall()
            []
        """
        self._refuse_if_read_only()
        known = [source for (source,) in self.sources().project("source").fetchall()]
        if name not in known:
            raise NotFound(f"The lab has no source {name!r}. It has: {', '.join(known) or 'none yet'}.")
        with showing(f"forgetting {name}") as meter, self._storage.writing(meter) as writer:
            canonical.remove(writer.connection, name)
        self._urls.pop(name, None)

    def sql(
        self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None, **named: Any
    ) -> duckdb.DuckDBPyRelation:
        """Run SQL in the lab: canonical tables as ``sessions``, native ones as ``codegen.iteration``, frames by name.

        A relation keeps no rows: it is run each time that it is asked for some, and an error that shows only then, as a
        text that is no number, is DuckDB's own (``duckdb.Error``).

        Args:
            query: DuckDB's SQL. Of several statements, the last one gives the answer.
            params: Values for ``?`` (a sequence) or ``$name`` (a mapping).
            named: Values for ``$name``.

        Returns:
            A relation: a table in a notebook; ``.df()``, ``.pl()``, ``.to_arrow_table()``, ``.fetchall()`` elsewhere.

        Raises:
            QueryError: DuckDB refuses the query, or it would change a lab that lives in a file, or there are values
                for both ``?`` and ``$name``.

        Example:
            >>> Lab().sql("SELECT $a + 1 AS b", a=41).fetchall()
            [(42,)]
        """
        return ask(self._storage.reader(), query, params, named)

    def close(self) -> None:
        """Let go of the lab's file; a lab in memory is gone.

        Example:
            >>> lab = Lab()
            >>> lab.close()
        """
        self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refuse_if_read_only(self) -> None:
        if self._data_set is not None:
            raise LabError(
                f"The data set {self._data_set} is only read: load, refresh and forget in the lab that it was exported"
                " from, and export again."
            )

    def __repr__(self) -> str:
        if self._data_set is not None:
            return f"Lab.attach({self._data_set!r})"
        return f"Lab({'' if self.path is None else repr(str(self.path))})"

    def _repr_html_(self) -> str:
        return overview(repr(self), self.sql)


def _settings(memory_limit: str | None, threads: int | None) -> dict[str, str]:
    given = {"memory_limit": memory_limit, "threads": None if threads is None else str(threads)}
    return {name: value for name, value in given.items() if value is not None}
