"""Chains: sessions that go on from another one, linked by ``parent_session_id``.

Parents are looked up within a session's own source and kind. The walk goes down from the sessions without a parent, and
a session has but one, so it meets none twice. What it does not meet has parents that run in a circle: it is marked so,
and never followed.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessionlab.display import relation_html
from sessionlab.errors import NotFound
from sessionlab.history.diffs import TextChange, compare_texts, words_alike
from sessionlab.history.find import Ask, find_session, rows_of
from sessionlab.history.links import changes_sql, depth_sql, sessions_sql
from sessionlab.history.page import STYLE, diff_block
from sessionlab.history.plain import clipped

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True)
class Change:
    """What a session changed of its parent's goal and last code.

    Attributes:
        source: The source of both.
        session_id: The session.
        parent: Its parent.
        goal: How the goal changed, line by line.
        goal_similarity: 0 to 1, how much of the goal's words stayed, in their order; None where one is not known.
        code: How the last code changed, line by line.
    """

    source: str
    session_id: str
    parent: str
    goal: TextChange
    goal_similarity: float | None
    code: TextChange

    def __str__(self) -> str:
        """Write the changes as unified diffs."""
        parts = [f"session {self.session_id} after {self.parent}, of {self.source}"]
        parts += [f"{name}: {change.summary}\n{clipped(change.diff or '', 4_000)}" for name, change in self._both()]
        return "\n".join(part.rstrip() for part in parts)

    def _repr_html_(self) -> str:
        head = html.escape(f"session {self.session_id} after {self.parent}, of {self.source}")
        blocks = (diff_block(change.diff, name=f"{name}, {change.summary}") for name, change in self._both())
        return f'{STYLE}<div class="sl-h"><b>{head}</b>{"".join(blocks)}</div>'

    def _both(self) -> Iterable[tuple[str, TextChange]]:
        return ("goal", self.goal), ("code", self.code)


class Chains:
    """The sessions of a lab that are linked by their parents.

    Args:
        ask: Runs SQL in the lab, with values for its ``$name``.

    What a relation has, this has too, for :attr:`sessions`: ``chains.df()``, ``chains.fetchall()``.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @property
    def sessions(self) -> DuckDBPyRelation:
        """The linked sessions, each chain from its start.

        Columns: ``source``, ``kind``, ``session_id``; ``root``, the session that the chain starts with, and ``depth``,
        how many links it is away; ``parent``; ``note``: ``parent missing`` where the lab has none of that id, so that
        the chain starts here, ``cycle`` where the parents run in a circle, so that there is neither root nor depth;
        ``success``, ``attempts``, ``goal``.
        """
        return self._ask(sessions_sql(), {})

    @property
    def by_depth(self) -> DuckDBPyRelation:
        """How the sessions fare by their place in a chain.

        Columns: ``depth``, 0 for the first of a chain, NULL where parents run in a circle; ``sessions``, ``judged``,
        ``passed``, ``rate``, ``low``, ``high`` as of ``success_rate``.
        """
        return self._ask(depth_sql(), {})

    @property
    def changes(self) -> DuckDBPyRelation:
        """How much of its parent's texts each session changed, in figures that are cheap; :meth:`diff` has the texts.

        Columns: ``source``, ``kind``, ``session_id``, ``parent``; ``goal_similarity``, of the different words of both
        goals the part that both have (Jaccard's index, 0 to 1; a word is what stands between blanks);
        ``code_similarity``, the same of the different lines of both last codes; ``lines_added`` and ``lines_removed``,
        how many different lines one has and the other has not. NULL where a text is not known. Sessions whose parent is
        missing have no row.
        """
        return self._ask(changes_sql(), {})

    def diff(self, session_id: object, source: str | None = None, kind: str | None = None) -> Change:
        """Compare a session's goal and last code with its parent's, line by line.

        Raises:
            NotFound: there is no such session, it has no parent, or the lab has not got the parent.
            QueryError: several sources have a session of that id.
        """
        session = find_session(self._ask, session_id, source, kind)
        if session["parent_session_id"] is None:
            raise NotFound(f"Session {session['session_id']!r} of {session['source']!r} has no parent.")
        parent = find_session(self._ask, session["parent_session_id"], session["source"], session["kind"])
        return Change(
            source=session["source"],
            session_id=session["session_id"],
            parent=parent["session_id"],
            goal=compare_texts(parent["goal"], session["goal"]),
            goal_similarity=words_alike(parent["goal"], session["goal"]),
            code=compare_texts(self._last_code(parent), self._last_code(session)),
        )

    def _last_code(self, session: Mapping[str, Any]) -> str | None:
        query = """
            SELECT arg_max(code, attempt) AS code FROM attempts
            WHERE source = $source AND kind = $kind AND session_id = $id AND code IS NOT NULL
        """
        values = {"source": session["source"], "kind": session["kind"], "id": session["session_id"]}
        (row,) = rows_of(self._ask(query, values))
        code: str | None = row["code"]
        return code

    def __getattr__(self, name: str) -> Any:
        """Give what the relation of the sessions has."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.sessions, name)

    def __str__(self) -> str:
        """Draw the linked sessions as a table."""
        return str(self.sessions)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = (("success by depth", self.by_depth), ("sessions", self.sessions))
        return "".join(f"<b>{title}</b>{relation_html(relation)}" for title, relation in parts)


def chains(ask: Ask) -> Chains:
    """Give the sessions of a lab that are linked by their parents.

    Args:
        ask: Runs SQL in the lab, with values for its ``$name``.
    """
    return Chains(ask)
