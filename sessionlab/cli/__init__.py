"""The command ``sessionlab``.

Its exit code is 0; 1 where the work failed, with one line on stderr that says why; 2 for wrong usage.
"""

from __future__ import annotations

import sys

import click

from sessionlab import __version__
from sessionlab.cli.answers import report, sql, stats
from sessionlab.cli.demo import demo
from sessionlab.cli.ending import Commands, ReaderLeft, in_one_line, never_fail_to_print, print_no_more
from sessionlab.cli.export import export
from sessionlab.cli.notebook import notebook
from sessionlab.cli.serve import serve
from sessionlab.cli.sessions import chains, compare, history
from sessionlab.cli.sources import forget, load, refresh, rejects, sources
from sessionlab.cli.store import store
from sessionlab.cli.store_json import compare as compare_json
from sessionlab.cli.store_json import export_json, import_json


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sessionlab")
def cli() -> None:
    """Load the sessions that coding agents leave behind, and ask what succeeds, after how many attempts, on what.

    The lab is one DuckDB file: lab.duckdb here, unless --lab or SESSIONLAB_LAB says otherwise.
    """


for _command in (load, refresh, sources, rejects, forget, sql, stats, history, compare, chains, report):
    cli.add_command(_command)
for _command in (demo, notebook, serve, store, export):
    cli.add_command(_command)
for _command in (import_json, export_json, compare_json):
    store.add_command(_command)


def main() -> None:
    """Run the command line. What can go wrong on somebody's machine shows one line and no traceback."""
    never_fail_to_print()
    try:
        _run()
    except ReaderLeft:
        print_no_more()
    except Exception as error:
        line = in_one_line(error)
        if line is None:
            raise
        if isinstance(error, OSError):
            print_no_more()
        print(f"sessionlab: {line}", file=sys.stderr)  # noqa: T201 - the one line on stderr
        sys.exit(1)


def _run() -> None:
    """Run a command to its end, with all that it prints written."""
    try:
        cli.main(prog_name="sessionlab")
    except SystemExit:
        try:
            print(end="", flush=True)  # noqa: T201 - what is still to be written
        except BrokenPipeError:
            raise ReaderLeft from None
        raise
