"""The magics: ``%lab``, ``%sql``, ``%%sql``, and one for every metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

from sessionlab.errors import NotFound
from sessionlab.jupyter.arguments import parsed
from sessionlab.jupyter.statements import run, target
from sessionlab.lab import Lab
from sessionlab.metrics import METRICS

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_USAGE = """%{name} [by=COLUMN,…] [where="CONDITION"] [bucket=day|week|month]{more} [--chart]

    {doc}

    As in %{name} by=topic where="attempts > 1". A value of $name is that of a Python variable; --chart draws it.
    """


class LabMagics:
    """The magics of one shell; all work on its variable ``lab``."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def open(self, line: str) -> Lab:
        """Open a lab as the variable ``lab``: %lab PATH; %lab :memory: for one in memory; %lab shows the one there is.

        The file need not be there yet: lab.load(…) makes it.
        """
        path = line.strip().strip("\"'")
        if path:
            self._shell.user_ns["lab"] = Lab(None if path == ":memory:" else path)
        return lab_of(self._shell.user_ns)

    @no_var_expand
    def sql(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run SQL in the lab: %%sql over a cell, or %sql before a line.

        $name is bound to the Python variable of that name, data frames are tables under their names, and "name <<"
        before the query puts its result into a variable in place of showing it::

            %%sql hard <<
            FROM sessions WHERE attempts > $least
        """
        name, query = target(line if cell is None else f"{line}\n{cell}")
        relation = run(lab_of(self._shell.user_ns), query, {**self._shell.user_ns, **(local_ns or {})})
        if name is None:
            return relation
        self._shell.user_ns[name] = relation
        return None

    sql.needs_local_scope = True  # type: ignore[attr-defined]  # so IPython asks for it

    def metric(self, name: str) -> Callable[..., Any]:
        """Make the magic of a metric."""

        @no_var_expand
        def measured(line: str, local_ns: Mapping[str, Any] | None = None) -> DuckDBPyRelation | Any:
            arguments, chart = parsed(name, line, {**self._shell.user_ns, **(local_ns or {})})
            lab = lab_of(self._shell.user_ns)
            if chart and name not in _charts(lab):
                raise NotFound(f"There is no chart of {name}. There are: {', '.join(sorted(_charts(lab)))}.")
            return getattr(lab.charts if chart else lab.metrics, name)(**arguments)

        measured.needs_local_scope = True  # type: ignore[attr-defined]
        more = " [of=agent|model|runtime]" if name == "winners" else ""
        measured.__doc__ = _USAGE.format(name=name, more=more, doc=METRICS[name].__doc__)
        return measured


def _charts(lab: Lab) -> set[str]:
    return METRICS.keys() & set(dir(lab.charts))


def lab_of(variables: Mapping[str, Any]) -> Lab:
    """Give the lab that magics work on.

    Raises:
        NotFound: the variable ``lab`` is none.
    """
    lab = variables.get("lab")
    if not isinstance(lab, Lab):
        raise NotFound("There is no lab in the variable 'lab'. Open one: %lab PATH, or lab = Lab(…).")
    return lab


def register(shell: Any) -> None:
    """Enter all magics into a shell."""
    magics = LabMagics(shell)
    shell.register_magic_function(magics.open, "line", "lab")
    shell.register_magic_function(magics.sql, "line_cell", "sql")
    for name in METRICS:
        shell.register_magic_function(magics.metric(name), "line", name)
