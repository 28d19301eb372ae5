"""Commands that bring sessions into a lab and say what is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from sessionlab.cli.options import json_option, lab_option, open_lab, say
from sessionlab.cli.tables import show
from sessionlab.errors import SourceError

_FEW = 3
"""How many of the sources that failed a line tells of."""


@click.command()
@click.argument("source", nargs=-1, required=True)
@lab_option
@click.option("--kind", help="codegen, workflow, conversation or worktree, where it is not to be told by content.")
@click.option("--name", help="What to call the source in the lab; for one source only.")
@click.option("--strict", is_flag=True, help="Fail at the first record that cannot be loaded.")
@json_option
def load(
    source: tuple[str, ...], lab_path: Path, kind: str | None, name: str | None, *, strict: bool, as_json: bool
) -> None:
    """Load JSON files, folders, globs, SQLite files or Postgres URLs.

    Loaded once more, a source replaces what it brought. A file that is in the lab already as part of another source is
    left to that, so that nothing counts twice. SQLite files among the files of a folder or a glob are named, and not
    loaded: give each by its path.

    \b
    sessionlab load ~/.ait42/sessions codecache.db postgresql://reader@host/levelup
    """
    from sessionlab.lab import Lab

    if name and len(source) > 1:
        raise click.UsageError("--name is for one source")
    with Lab(lab_path) as lab:
        for each in source:
            say(lab.load(each, kind=kind, name=name, strict=strict), as_json=as_json)


@click.command()
@lab_option
@json_option
def refresh(lab_path: Path, *, as_json: bool) -> None:
    """Load again whatever changed at the lab's sources since.

    A source that cannot be reached or read keeps its rows, and makes the exit code 1.
    """
    with open_lab(lab_path) as lab:
        report = lab.refresh()
    say(report if as_json else replace(report, failed=()), as_json=as_json)
    if report.failed:
        raise SourceError(_why(report.failed))


def _why(failed: tuple[str, ...]) -> str:
    """Say which sources a refresh could not bring up, and why, of the first few."""
    from sessionlab.display import counted

    more = f"; and {len(failed) - _FEW} more, which --json lists" if len(failed) > _FEW else ""
    number = counted(len(failed), "source")
    keeps = "keeps its" if len(failed) == 1 else "keep their"
    return f"{number} could not be brought up to date and {keeps} rows: {'; '.join(failed[:_FEW])}{more}"


@click.command()
@lab_option
@json_option
def sources(lab_path: Path, *, as_json: bool) -> None:
    """List what was loaded into the lab."""
    with open_lab(lab_path) as lab:
        columns = "source, kind, uri, loaded_at, rows, rejected, superseded, duration_s"
        show(lab.sources().project(columns), as_json=as_json, blocks=True)


@click.command()
@lab_option
@json_option
def rejects(lab_path: Path, *, as_json: bool) -> None:
    """List what could not be loaded, with file, place and reason."""
    with open_lab(lab_path) as lab:
        columns = "source, file, record, reason" + (", raw" if as_json else "")
        show(lab.rejects().project(columns), as_json=as_json, blocks=True)


@click.command()
@click.argument("name")
@lab_option
def forget(name: str, lab_path: Path) -> None:
    """Remove a source and its rows from the lab.

    The source itself is not touched. Files of it that another source of the lab stands for too come in there with the
    next refresh.
    """
    with open_lab(lab_path) as lab:
        lab.forget(name)
    click.echo(f"{name} is out of {lab_path}")
