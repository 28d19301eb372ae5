"""``python -m tests.benchmarks load [--size small|medium|large] [--rounds N] [--case NAME] [--data DIR]``."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from tests.benchmarks.data import SIZES, postgres, ready
from tests.benchmarks.load import CASES
from tests.benchmarks.measure import lines, run


@click.command()
@click.argument("suite", type=click.Choice(["load"]))
@click.option("--size", type=click.Choice(list(SIZES)), default="medium", show_default=True)
@click.option("--rounds", default=5, show_default=True, help="Runs of each way, in turn; medians are shown.")
@click.option("--case", "names", multiple=True, type=click.Choice(list(CASES)), help="Only this case.")
@click.option("--data", type=click.Path(path_type=Path), help="Where to keep the data; a temporary folder unless said.")
def main(suite: str, size: str, rounds: int, names: tuple[str, ...], data: Path | None) -> None:
    """Run the benchmarks of a suite and print medians, peak memory and ratios."""
    del suite
    root = data or Path(tempfile.gettempdir()) / "sessionlab-benchmarks"
    for name in names or CASES:
        case, _ = CASES[name]
        folder = ready(root, name, size)
        with ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=root)))
            if name == "postgres":
                os.environ["BENCHMARK_POSTGRES"] = stack.enter_context(postgres(folder))
            click.echo("\n".join(lines(case, run(case, folder, scratch, rounds))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        case_name, way, data_folder, scratch_folder = sys.argv[2:]
        CASES[case_name][0].ways[way](Path(data_folder), Path(scratch_folder))
    elif sys.argv[1:2] == ["--make"]:
        case_name, data_folder, size_name = sys.argv[2:]
        CASES[case_name][1](Path(data_folder), SIZES[size_name])
    else:
        main()
