"""Where what a lab holds goes beyond its program: to browsers and other programs, to a data set, to another file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb

from sessionlab import canonical
from sessionlab.answers import Answers
from sessionlab.errors import LabError
from sessionlab.progress import showing
from sessionlab.reports import ExportReport
from sessionlab.storage import Storage
from sessionlab.urls import scheme_of

if TYPE_CHECKING:
    from sessionlab.export.redaction import Replace
    from sessionlab.lab import Lab
    from sessionlab.server.agent import Agent
    from sessionlab.server.runner import Running
    from sessionlab.stores.base import Store


class Outlets(Answers):
    """The ways out of a lab, for who has its storage, or the data set that it is attached to."""

    _storage: Storage
    _data_set: str | None

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

        return start(create_app(cast("Lab", self), stores, agent, token=token, refresh=refresh), host, port)

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

        if scheme_of(os.fspath(data_set)):
            raise LabError(f"A data set is exported to a folder, not to {data_set}. Export to one and copy it there.")
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
        except duckdb.Error as error:
            raise LabError(f"The lab cannot be copied to {target}: {str(error).splitlines()[0]}") from error
        return target
