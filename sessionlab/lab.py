"""The lab: everything starts here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb

from sessionlab import canonical
from sessionlab.answers import Answers
from sessionlab.display import show_relations
from sessionlab.errors import LabError, NotFound
from sessionlab.ingest import Load, name_for, run
from sessionlab.labfile import FileStorage
from sessionlab.loaders import check_words, open_source, url_of
from sessionlab.overview import overview
from sessionlab.progress import showing
from sessionlab.query import ask
from sessionlab.refresh import bring_up_to_date
from sessionlab.reports import ExportReport, LoadReport, RefreshReport
from sessionlab.storage import MemoryStorage, Storage

if TYPE_CHECKING:
    from sessionlab.export.redaction import Replace
    from sessionlab.server.runner import Running
    from sessionlab.server.workflow import Agent
    from sessionlab.stores.base import Store


class Lab(Answers):
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
            QueryError: DuckDB refuses the query, or it would change a lab that lives in a file.

        Example:
            >>> Lab().sql("SELECT $a + 1 AS b", a=41).fetchall()
            [(42,)]
        """
        values = {**params, **named} if isinstance(params, Mapping) else named or params
        return ask(self._storage.reader(), query, values)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        stores: Sequence[Store] = (),
        agent: Agent | None = None,
        refresh: float | None = None,
    ) -> Running:
        """Serve the live dashboard and the REST API from a thread of this program.

        Args:
            host: The address to listen on.
            port: The port; any free one unless said.
            token: What a caller must know; a must for all addresses but this machine's own.
            stores: Stores that are open, to serve as well.
            agent: What answers ``POST /problems/verified``.
            refresh: Load again what changed at the sources, every so many seconds.

        Returns:
            What runs: ``.url`` to open in a browser, ``.stop()`` to end it.

        Raises:
            MissingExtra: the extra ``server`` is not installed.
            SessionlabError: the address cannot be had, or a token is missing.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> with lab.serve() as running:
            ...     running.url.startswith("http://127.0.0.1:")
            True
        """
        from sessionlab.server import create_app, start

        return start(create_app(self, stores, agent, token=token, refresh=refresh), host, port)

    def export(
        self,
        data_set: str | os.PathLike[str],
        *,
        format: str = "parquet",  # noqa: A002 - the word that the samples and the command line have
        partition_by: str | Sequence[str] = "kind",
        redact: str | Replace | None = None,
        salt: str = "",
        writer: str | None = None,
        keep: float = 0.0,
    ) -> ExportReport:
        """Write the canonical tables as a data set of Parquet files, which :meth:`attach`, Spark and others read.

        Each source is exported for itself, all or nothing, and one that is as it was keeps its files. Any number of
        labs and machines may export into one data set: each owns its sources there.

        Args:
            data_set: Its folder; of its own, and it need not be there yet.
            format: ``"parquet"``.
            partition_by: What files are told apart by: ``"kind"``, and one of ``"year"``, ``"month"``, ``"day"``.
            redact: ``"text"`` puts lengths and hashes in the place of goals, codes, feedback, messages, errors'
                messages and the texts in ``extra``; a function of a text and its column's name gives what to put there.
            salt: What is hashed with each text, so that nobody can prove a guess.
            writer: Who owns the sources there; this machine's name unless said.
            keep: Seconds for which files that are replaced stay, for who is still reading them.

        Returns:
            What was written, and what was there already.

        Raises:
            LabError: the folder holds something else, cannot be written, or has such a source of another writer.
            LabBusy: another program is exporting the same source, and has not come to an end in time.

        Example:
            >>> from tempfile import mkdtemp
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> lab.export(f"{mkdtemp()}/lake", redact="text").rows["sessions"]
            100
        """
        from sessionlab.export import export

        connection = self._storage.reader()
        with showing(f"exporting to {os.fspath(data_set)}") as meter, meter.watching(connection):
            return export(
                connection,
                Path(data_set),
                meter,
                format=format,
                partition_by=partition_by,
                redact=redact,
                salt=salt,
                writer=writer,
                keep=keep,
            )

    @property
    def snapshot(self) -> str:
        """A text that stands for the lab as it is now: another one after each load.

        Example:
            >>> lab = Lab()
            >>> before = lab.snapshot
            >>> report = lab.load("data/workflow.json")
            >>> lab.snapshot == before
            False
        """
        return self._storage.state()

    def copy_to(self, path: str | os.PathLike[str]) -> Path:
        """Write the lab as it is now to a new file, which is a lab as well; give its absolute path.

        The copy of an attached data set is a lab to read: it has the canonical tables, and nothing can be loaded into
        it.

        Raises:
            LabError: something is there already, or it cannot be written.

        Example:
            >>> from tempfile import mkdtemp
            >>> Lab().copy_to(f"{mkdtemp()}/copy.duckdb").name
            'copy.duckdb'
        """
        target = Path(path).expanduser().absolute()
        if target.exists():
            raise LabError(f"A copy of a lab never overwrites: {target} exists. Name another file.")
        try:
            if self._data_set is None:
                canonical.copy(self._storage.reader(), target)
            else:
                from sessionlab.export import copy_tables

                copy_tables(self._storage.reader(), target)
        except duckdb.IOException as error:
            raise LabError(f"The lab cannot be copied to {target}: {str(error).splitlines()[0]}") from error
        return target

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
