"""``python -m tests.benchmarks load|metrics|stores|worktree|server|chart``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import reduce
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.data import DATA, SIZES, postgres, ready
from tests.benchmarks.load import CASES, GROWTH, calls
from tests.benchmarks.measure import ASKED_AT, Case, run
from tests.benchmarks.peers import paths
from tests.benchmarks.result import Result, growth, keep
from tests.benchmarks.ways.postgres import URL

_ROOT = Path(tempfile.gettempdir()) / "sessionlab-benchmarks"
_ANY = ASKED_AT
"""The size of data that have but one."""
_OPTIONS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "size": lambda default: click.option(
        "--size", "sizes", type=click.Choice(list(SIZES)), default=[default], multiple=True, show_default=True,
        help="How many sessions; several times for their growth.",
    ),
    "rounds": lambda default: click.option(
        "--rounds", default=default, show_default=True, help="Runs of each way, in turn; medians are shown."
    ),
    "case": lambda _: click.option("--case", "names", multiple=True, help="Only this case."),
    "peers": lambda _: click.option(
        "--peers/--no-peers", default=True, help="What others have built, too; else only ours and the limit."
    ),
    "data": lambda _: click.option(
        "--data", "root", type=click.Path(path_type=Path), default=_ROOT, help="Where to keep the data."
    ),
    "json": lambda _: click.option(
        "--json", "kept", type=click.Path(path_type=Path), help="Put the results into this file too."
    ),
}  # fmt: skip


@click.group()
def main() -> None:
    """Run the benchmarks of a suite, and show medians, peak memory, ratios, and what was asked."""


def suite(**defaults: Any) -> Callable[[Callable[..., Iterable[Result]]], None]:
    """Make a command of a suite: it shows each result as it comes, and keeps them."""

    def decorate(function: Callable[..., Iterable[Result]]) -> None:
        def command(*, kept: Path | None, **arguments: Any) -> None:
            found = []
            for result in function(**arguments):
                click.echo("\n".join([*result.lines(), ""]))
                found.append(result)
                if kept:
                    keep(kept, [result])
            click.echo("\n".join(growth(found, SIZES, GROWTH)))

        command.__doc__ = function.__doc__
        options = [_OPTIONS[name](default) for name, default in {**defaults, "json": None}.items()]
        main.command(function.__name__)(reduce(lambda made, option: option(made), reversed(options), command))

    return decorate


@suite(size="medium", rounds=5, case=None, peers=None, data=None)
def load(sizes: tuple[str, ...], rounds: int, names: tuple[str, ...], peers: bool, root: Path) -> Iterator[Result]:
    """Loading and refreshing: seconds and peak memory of whole processes."""
    for name in names or CASES:
        case = CASES[name]
        for size in [_ANY] if case.one_size else sizes:
            yield _case(case, size, rounds, root, peers=peers)
    if not names:
        yield from calls(ready(root, "refresh", _ANY), rounds)


def _case(case: Case, size: str, rounds: int, root: Path, *, peers: bool) -> Result:
    folder = ready(root, case.data, size)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=root)))
        if case.data == "postgres":
            os.environ[URL] = stack.enter_context(postgres(folder))
        packages = paths(root, case.packages) if peers else {}
        return run(case, size, folder, scratch, rounds=rounds, peers=peers, paths=packages)


@suite(size="large", rounds=15, case=None, peers=None, data=None)
def metrics(sizes: tuple[str, ...], rounds: int, names: tuple[str, ...], peers: bool, root: Path) -> Iterator[Result]:
    """Every metric beside the same SQL typed by hand, SQL on a store, and pandas; and the dashboard."""
    from tests.benchmarks.metrics import results

    for size in sizes:
        yield from results(ready(root, "metrics", size), size, rounds, names, peers=peers)


@suite(rounds=5, case=None)
def stores(rounds: int, names: tuple[str, ...]) -> Iterator[Result]:
    """Stores beside the bare drivers, sqlite-utils and SQLAlchemy's ORM doing the same."""
    from tests.benchmarks.stores import results

    yield from results(rounds, names)


@suite(rounds=5)
def worktree(rounds: int) -> Iterator[Result]:
    """Worktree sessions in SQLite beside the JSON files; forty calls of each sort a round."""
    from tests.benchmarks.worktree import results

    yield from results(rounds)


@suite(size="large", rounds=5, peers=None, data=None)
def server(sizes: tuple[str, ...], rounds: int, peers: bool, root: Path) -> Iterator[Result]:
    """A metric over HTTP, beside the same in a program and beside Datasette."""
    from tests.benchmarks.server import results

    for size in sizes:
        yield from results(ready(root, "metrics", size), root, size, rounds, peers=peers)


@main.command()
@click.argument("results", type=click.Path(exists=True, path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
def chart(results: Path, picture: Path) -> None:
    """Draw RESULTS, as --json has kept them, into PICTURE: how much longer others take for the same."""
    from tests.benchmarks.chart import draw

    draw(results, picture)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        data_name, data_folder, size_name = sys.argv[2:]
        DATA[data_name](Path(data_folder), SIZES[size_name])
    else:
        main()
