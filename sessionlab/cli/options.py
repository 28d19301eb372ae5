"""What several commands have in common: the lab they work on, and how they say things."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sessionlab.errors import NotFound

if TYPE_CHECKING:
    from sessionlab.display.report import Report, Shown
    from sessionlab.lab import Lab

lab_option = click.option(
    "--lab",
    "lab_path",
    default="lab.duckdb",
    envvar="SESSIONLAB_LAB",
    show_default=True,
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The lab's file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program to read.")
where_option = click.option("--where", help="An SQL condition on sessions, as \"model = 'x' AND attempts > 1\".")


def parted(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Take columns apart that are joined by commas, as ``kind,model``."""
    names = (name.strip() for words in given for name in words.split(","))
    return tuple(name for name in names if name)


def open_lab(path: Path) -> Lab:
    """Open a lab that is there.

    Raises:
        NotFound: it is not.
    """
    from sessionlab.lab import Lab

    if not path.exists():
        raise NotFound(f"There is no lab {path}. Make one with: sessionlab load SOURCE --lab {path}")
    return Lab(path)


def typed() -> set[str]:
    """Name the parameters that were given on the command line of the command that runs."""
    context = click.get_current_context()
    return {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def say(report: Report, *, as_json: bool) -> None:
    """Print a report: a table for people, one line of JSON for programs."""
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
    else:
        draw(report)


def draw(shown: Shown) -> None:
    """Print something that shows itself, as wide as the terminal is."""
    from rich.console import Console

    Console().print(shown)
