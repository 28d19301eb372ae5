"""What can be asked of sessions, whoever holds them: all of it comes out of SQL over the canonical tables."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.schema import quote

if TYPE_CHECKING:
    import duckdb

    from sessionlab.chains import Chains
    from sessionlab.charts import Charts
    from sessionlab.charts.registry import Chart
    from sessionlab.compare import Comparison
    from sessionlab.explorer.widget import Explorer
    from sessionlab.history import History
    from sessionlab.metrics import Metrics


class Answers(ABC):
    """The questions that a lab answers. Who holds one runs the SQL of all of them by :meth:`sql`."""

    @abstractmethod
    def sql(
        self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None, **named: Any
    ) -> duckdb.DuckDBPyRelation:
        """Run SQL over the canonical tables, and give its relation."""

    def sources(self) -> duckdb.DuckDBPyRelation:
        """List the sources: ``source, kind, uri, loaded_at, fingerprint, rows, rejected, superseded, duration_s``.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/conversation.db")
            >>> lab.sources().project("source, kind, rejected").fetchall()
            [('conversation', 'conversation', 0)]
        """
        return self.sql("FROM main.sources ORDER BY source")

    def rejects(self) -> duckdb.DuckDBPyRelation:
        """List the records that could not be loaded: ``source, file, record, reason, raw, rejected_at``.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> lab.rejects().project("file, record, reason").fetchall()
            []
        """
        return self.sql("FROM main.rejects ORDER BY source, file, record")

    def table(self, name: str) -> duckdb.DuckDBPyRelation:
        """Give a whole table or view, as ``sessions`` or ``worktree.instances``.

        Raises:
            QueryError: there is none of that name.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/conversation.db")
            >>> lab.table("conversation.contexts").columns[:4]
            ['source', 'file', 'context_id', 'session_id']
        """
        return self.sql(f"FROM {'.'.join(quote(part) for part in name.split('.'))}")

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics, each a method: ``lab.metrics.success_rate(by="topic")``.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> lab.metrics.success_rate(by="difficulty").project("difficulty, judged, passed").fetchall()
            [('easy', 35, 30), ('hard', 37, 27), ('medium', 23, 17)]
        """
        from sessionlab.metrics import Metrics

        return Metrics(self.sql)

    @cached_property
    def charts(self) -> Charts:
        """The metrics as Altair charts: ``lab.charts.success_rate(by="topic")``.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> chart = lab.charts.success_rate(by="topic").properties(width=300)
            >>> chart.title.text
            'Success rate by topic'
        """
        from sessionlab.charts import Charts

        return Charts(self.metrics)

    def dashboard(self, *, by: str | Sequence[str] | None = None, where: str | None = None) -> Chart:
        """Draw one linked chart: a click on a topic, a model or a status filters all the rest; so does a span of time.

        Args:
            by: The columns of ``sessions`` to compare success by, four at most; unless said, the first that is known of
                topic, difficulty, mode, agent and some others.
            where: An SQL condition on ``sessions``, to look at some of them.

        Returns:
            An Altair chart over at most 20,000 counted cells, however many sessions there are; what had to be gathered
            for that stands in its subtitle.

        Raises:
            QueryError: the condition or a column does not hold.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> chart = lab.dashboard(by="topic", where="attempts > 1")
            >>> chart.title.text
            'Sessions by topic'
        """
        from sessionlab.dashboard import dashboard

        return dashboard(self.sql, by=by, where=where)

    def explore(self, *, by: str | Sequence[str] | None = None, where: str | None = None) -> Explorer:
        """Open the dashboard as a widget with a table of sessions, whose picks come back to Python.

        ``explorer.selection`` is a relation of the sessions picked in the chart; setting ``explorer.where`` or
        ``explorer.by`` changes the picture.

        Args:
            by: The columns of ``sessions`` to compare success by, as for :meth:`dashboard`.
            where: An SQL condition on ``sessions``, to look at some of them.

        Raises:
            MissingExtra: the extra ``notebook`` is not installed.
            QueryError: the condition or a column does not hold.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> explorer = lab.explore(by="topic")
            >>> explorer.where = "topic = 'graphs'"
            >>> explorer.selection.aggregate("topic, count(*)").fetchall()
            [('graphs', 9)]
        """
        from sessionlab.explorer import explore

        return explore(self.sql, by=by, where=where)

    def compare(self, a: str, b: str, on: str | Sequence[str] | None = None) -> Comparison:
        """Compare the success of the sessions that meet one condition with that of those that meet another.

        Args:
            a: An SQL condition on ``sessions``, as ``"model = 'x'"``.
            b: Another one. No session may meet both.
            on: A column of ``sessions``, or several, to pair by, as ``"goal"``; None to compare all with all.

        Returns:
            Both rates, their difference with its 95 % interval and p-value, and a verdict in words.

        Raises:
            QueryError: a condition or a column does not hold, or some sessions meet both conditions.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/conversation.db")
            >>> answer = lab.compare("topic = 'arrays'", "topic = 'concurrency'")
            >>> answer.a.sessions, answer.b.sessions
            (16, 4)
        """
        from sessionlab.compare import compare

        return compare(self.sql, a, b, on)

    def chains(self) -> Chains:
        """Follow sessions that were begun from others: depth, success by depth, and what changed from parent to child.

        Returns:
            The linked sessions, as a relation and a table in a notebook; a cycle or a missing parent is shown as such.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/codegen.db")
            >>> lab.chains().by_depth.project("depth, sessions").fetchall()
            [(0, 13), (1, 18), (2, 2)]
        """
        from sessionlab.chains import chains

        return chains(self.sql)

    def history(self, session_id: object, source: str | None = None, kind: str | None = None) -> History:
        """Give everything of one session in order of time: attempts with diffs of their code, errors, messages.

        Args:
            session_id: The session's id.
            source: The source it is of, where several have a session of that id.
            kind: Its kind, where one source has that id in several.

        Returns:
            The history, readable as text and in a notebook.

        Raises:
            NotFound: there is no such session; QueryError: there are several, and the message lists them.

        Example:
            >>> lab = Lab()
            >>> report = lab.load("data/codegen.db")
            >>> history = lab.history(33)
            >>> [event.what for event in history][:4]
            ['started', 'attempt', 'error', 'error']
        """
        from sessionlab.history import history

        return history(self.sql, session_id, source, kind)

    def report(
        self,
        path: str | os.PathLike[str] = "report.html",
        *,
        title: str = "Sessions",
        where: str | None = None,
    ) -> Path:
        """Write one self-contained page that needs no network: figures, dashboard, charts, tables, sources, rejects.

        Args:
            path: Where to write it; what is there is replaced.
            title: The heading.
            where: An SQL condition on ``sessions``, to report on some of them.

        Returns:
            The page's absolute path.

        Raises:
            QueryError: the condition does not hold.

        Example:
            >>> from tempfile import mkdtemp
            >>> lab = Lab()
            >>> report = lab.load("data/workflow.json")
            >>> page = lab.report(f"{mkdtemp()}/report.html", title="This week", where="attempts > 1")
            >>> page.name
            'report.html'
        """
        from sessionlab.report import write_report

        return write_report(
            Path(path),
            title=title,
            run=self.sql,
            metrics=self.metrics,
            charts=self.charts,
            sources=self.sources().to_dicts(),
            rejects=self.rejects().project("source, file, record, reason, rejected_at").limit(1000).to_dicts(),
            where=where,
        )
