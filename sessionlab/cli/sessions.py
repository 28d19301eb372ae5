"""Commands that look at sessions one by one, side by side, and one after another."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sessionlab.cli.options import draw, json_option, lab_option, open_lab, parted
from sessionlab.cli.tables import show

if TYPE_CHECKING:
    from sessionlab.compare import Comparison
    from sessionlab.history import History

source_option = click.option("--source", help="The source it is of, where several have a session of that id.")
kind_option = click.option("--kind", help="Its kind, where a source has that id in several.")

_CHAINS = {"sessions": "sessions", "depth": "by_depth", "changes": "changes"}
_GOAL = 100
_SHORT_GOAL = f"* REPLACE (CASE WHEN length(goal) > {_GOAL} THEN left(goal, {_GOAL}) || '…' ELSE goal END AS goal)"


@click.command()
@click.argument("session_id")
@lab_option
@source_option
@kind_option
@json_option
def history(session_id: str, lab_path: Path, source: str | None, kind: str | None, *, as_json: bool) -> None:
    """Show one session in order of time.

    Its attempts with diffs of their code, its errors and its messages.

    \b
    sessionlab history 17
    sessionlab history 17 --source codecache --json
    """
    with open_lab(lab_path) as lab:
        found = lab.history(session_id, source, kind)
    click.echo(json.dumps(_told(found), default=str) if as_json else str(found))


def _told(found: History) -> dict[str, Any]:
    """Give a history for a program: of each event what is known, with the difference of its code as text."""
    events = ({**vars(event), "change": event.diff, "facts": dict(event.facts)} for event in found)
    known = [{name: value for name, value in event.items() if value not in (None, {})} for event in events]
    return {"session": dict(found.session), "events": known}


@click.command()
@click.argument("a")
@click.argument("b")
@lab_option
@click.option("--on", multiple=True, callback=parted, help="A column of sessions to pair by, or several: goal,topic.")
@json_option
def compare(a: str, b: str, lab_path: Path, on: tuple[str, ...], *, as_json: bool) -> None:
    """Compare how often two groups of sessions succeed.

    A and B are SQL conditions on sessions. The difference comes with its 95 % interval and a verdict in words.

    \b
    sessionlab compare "model = 'quill-4'" "model = 'heron-2'"
    sessionlab compare "agent = 'x'" "agent = 'y'" --on goal
    """
    with open_lab(lab_path) as lab:
        found = lab.compare(a, b, on or None)
    if as_json:
        click.echo(json.dumps(_figures(found)))
    else:
        draw(found)


def _figures(found: Comparison) -> dict[str, Any]:
    """Give a comparison for a program, with what is reckoned from its counts."""
    sides = {name: {"rate": side.rate, "interval": side.interval} for name, side in (("a", found.a), ("b", found.b))}
    whole = dataclasses.asdict(found)
    return whole | {name: whole[name] | more for name, more in sides.items()} | {"verdict": found.verdict}


@click.command()
@lab_option
@click.option(
    "--show",
    "part",
    type=click.Choice(list(_CHAINS)),
    default="sessions",
    show_default=True,
    help="The linked sessions, how they fare by depth, or how much each changed.",
)
@click.option("--diff", "session_id", metavar="ID", help="What a session changed of its parent's goal and code.")
@source_option
@kind_option
@json_option
def chains(
    lab_path: Path, part: str, session_id: str | None, source: str | None, kind: str | None, *, as_json: bool
) -> None:
    """Follow sessions that were begun from others, by their parents.

    \b
    sessionlab chains
    sessionlab chains --show depth
    sessionlab chains --diff 33
    """
    if session_id is None and (source or kind):
        raise click.UsageError("--source and --kind go with --diff")
    with open_lab(lab_path) as lab:
        linked = lab.chains()
        if session_id is not None:
            change = linked.diff(session_id, source, kind)
            click.echo(json.dumps(dataclasses.asdict(change)) if as_json else str(change))
            return
        relation = getattr(linked, _CHAINS[part])
        if part == "sessions" and not as_json:
            relation = relation.project(_SHORT_GOAL)
        show(relation, as_json=as_json, keys=3 if part != "depth" else 1)
