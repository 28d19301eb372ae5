"""``python -m tests.benchmarks load|metrics|stores|worktree [--size SIZE] [--rounds N] [--case NAME] [--data DIR]``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import reduce
from pathlib import Path

import click

from tests.benchmarks.data import DATA, SIZES, postgres, ready
from tests.benchmarks.load import CASES
from tests.benchmarks.measure import lines, run

_ROOT = Path(tempfile.gettempdir()) / "sessionlab-benchmarks"


@click.group()
def main() -> None:
    """Run the benchmarks of a suite and print medians and ratios."""


def suite(size: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a suite its options."""
    options = [
        click.option("--size", type=click.Choice(list(SIZES)), default=size, show_default=True),
        click.option("--rounds", default=5, show_default=True, help="Runs of each way, in turn; medians are shown."),
        click.option("--case", "names", multiple=True, help="Only this case."),
        click.option("--data", "root", type=click.Path(path_type=Path), default=_ROOT, help="Where to keep the data."),
    ]
    return lambda run: main.command()(reduce(lambda command, option: option(command), reversed(options), run))


@suite("medium")
def load(size: str, rounds: int, names: tuple[str, ...], root: Path) -> None:
    """Loading: seconds and peak memory of whole processes."""
    for name in names or CASES:
        folder = ready(root, name, size)
        with ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=root)))
            if name == "postgres":
                os.environ["BENCHMARK_POSTGRES"] = stack.enter_context(postgres(folder))
            click.echo("\n".join(lines(CASES[name], run(CASES[name], folder, scratch, rounds))))


@suite("large")
def metrics(size: str, rounds: int, names: tuple[str, ...], root: Path) -> None:
    """Every metric beside the same SQL typed by hand, and the dashboard."""
    from tests.benchmarks.metrics import report

    for line in report(ready(root, "metrics", size), rounds, names):
        click.echo(line)


@main.command()
@click.option("--rounds", default=5, show_default=True, help="Runs of each way, in turn; medians are shown.")
@click.option("--case", "names", multiple=True, help="Only this case, as 'sqlite insert'.")
def stores(rounds: int, names: tuple[str, ...]) -> None:
    """Stores beside the bare drivers, sqlite-utils and SQLAlchemy's ORM doing the same."""
    from tests.benchmarks.stores import report

    for line in report(rounds, names):
        click.echo(line)


@main.command()
@click.option("--rounds", default=5, show_default=True, help="Forty calls of each sort a round; medians are shown.")
def worktree(rounds: int) -> None:
    """Worktree sessions in SQLite beside the JSON files."""
    from tests.benchmarks.worktree import report

    for line in report(rounds):
        click.echo(line)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        case_name, way, data_folder, scratch_folder = sys.argv[2:]
        CASES[case_name].ways[way](Path(data_folder), Path(scratch_folder))
    elif sys.argv[1:2] == ["--make"]:
        data_name, data_folder, size_name = sys.argv[2:]
        DATA[data_name](Path(data_folder), SIZES[size_name])
    else:
        main()
