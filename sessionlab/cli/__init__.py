"""The command ``sessionlab``.

Its exit code is 0; 1 where the work failed, with one line on stderr that says why; 2 for wrong usage.
"""

from __future__ import annotations

import os
import sys

import click

from sessionlab import __version__
from sessionlab.cli.answers import report, sql, stats
from sessionlab.cli.demo import demo
from sessionlab.cli.export import export
from sessionlab.cli.notebook import notebook
from sessionlab.cli.serve import serve
from sessionlab.cli.sessions import chains, compare, history
from sessionlab.cli.sources import forget, load, refresh, rejects, sources
from sessionlab.cli.store import store
from sessionlab.cli.store_json import compare as compare_json
from sessionlab.cli.store_json import export_json, import_json
from sessionlab.errors import SessionlabError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
    """Run the command line; nothing that sessionlab raises on purpose shows a traceback."""
    try:
        cli.main(standalone_mode=True, prog_name="sessionlab")
    except SessionlabError as error:
        print(f"sessionlab: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 - the one line on stderr
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has had enough: that is no failure, and Python must not try to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
