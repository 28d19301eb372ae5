"""The demo: a lab made from the samples, the first answers, a report; and the generator that the samples come from."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from sessionlab.cli.options import typed
from sessionlab.cli.tables import show
from sessionlab.kinds import KINDS

if TYPE_CHECKING:
    from sessionlab.lab import Lab
    from sessionlab.samples.write import Format

_FOR_WRITE = {"sessions": "--sessions", "seed": "--seed", "kinds": "--kind", "form": "--format"}
"""The options that have a say in what is written, by their parameters."""

_TITLE = "Sample sessions"
"""What the demo calls its page, and knows it by."""


@click.command()
@click.option(
    "--lab",
    "lab_path",
    default="demo.duckdb",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to build the lab.",
)
@click.option(
    "--report",
    "page",
    default="demo-report.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the report.",
)
@click.option(
    "--write", "target", metavar="DIR|URL", help="Write samples to a folder or a Postgres URL, and do no more."
)
@click.option("--sessions", default=400, show_default=True, type=click.IntRange(min=1), help="With --write: how many.")
@click.option("--seed", default=42, show_default=True, help="With --write: the same seed gives the same samples.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="With --write: only this kind.")
@click.option(
    "--format",
    "form",
    default="mixed",
    show_default=True,
    type=click.Choice(["mixed", "json", "sqlite"]),
    help="With --write: what to write to a folder.",
)
def demo(
    lab_path: Path, page: Path, target: str | None, sessions: int, seed: int, kinds: tuple[str, ...], form: str
) -> None:
    """Build a lab from the samples and look around.

    Prints the first answers and writes demo-report.html.
    """
    if target is not None:
        _write(target, sessions, seed, kinds, form)
        return
    if alone := sorted(_FOR_WRITE[name] for name in typed() & _FOR_WRITE.keys()):
        raise click.UsageError(f"{' and '.join(alone)}: only with --write")
    from sessionlab.display import counted
    from sessionlab.lab import Lab
    from sessionlab.samples import sample_files

    samples = sorted(sample_files().iterdir())
    with Lab(lab_path) as lab:
        _refuse_others(lab, lab_path, {str(sample.resolve()) for sample in samples})
        _refuse_own_page(page)
        for source in samples:
            report = lab.load(str(source))
            found = counted(report.sessions, f"{', '.join(report.kinds)} session")
            click.echo(f"loaded {found} from {source.name}")
        click.echo("\nHow it went, by kind of session:")
        show(lab.metrics.summary(by="kind").project("kind, sessions, judged, passed, rate, low, high, attempts_mean"))
        click.echo("\nWhich topics succeed:")
        show(lab.metrics.success_rate(by="topic", where="topic IS NOT NULL"))
        click.echo("\nAfter how many attempts, by model:")
        show(lab.metrics.attempts(by="model", where="model IS NOT NULL"))
        click.echo(f"\nThe same as a page: {lab.report(page, title=_TITLE)}")
    click.echo(f'Ask more: sessionlab sql "FROM sessions WHERE attempts > 3" --lab {lab_path}')


def _refuse_others(lab: Lab, path: Path, samples: set[str]) -> None:
    """Keep the samples apart from sessions that are somebody's own.

    Raises:
        LabError: the lab has sources that are no samples.
    """
    from sessionlab.errors import LabError

    others = [
        name for name, uri in lab.sources().project("source, uri").fetchall() if str(Path(uri).resolve()) not in samples
    ]
    if others:
        raise LabError(
            f"{path} has sources of your own ({', '.join(others[:3])}{', …' if others[3:] else ''}), and the samples"
            " would count among them. Name a lab that is not there yet: sessionlab demo --lab samples.duckdb"
        )


def _refuse_own_page(page: Path) -> None:
    """Leave a page be that the demo has not written: it would be gone.

    Raises:
        SessionlabError: there is one.
    """
    from sessionlab.errors import SessionlabError

    if page.exists() and f"<title>{_TITLE}</title>" not in _beginning(page):
        raise SessionlabError(f"{page} is no page of the demo's, and is not overwritten. Name another with --report.")


def _beginning(page: Path) -> str:
    with page.open(encoding="utf-8", errors="replace") as file:
        return file.read(4096)


def _write(target: str, sessions: int, seed: int, kinds: tuple[str, ...], form: str) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from sessionlab.display import counted
    from sessionlab.samples import write_samples

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        tasks = {kind: progress.add_task(kind, total=None) for kind in kinds or KINDS}
        counts = write_samples(
            target,
            sessions,
            seed,
            kinds=kinds or tuple(KINDS),
            format=cast("Format", form),
            on_progress=lambda kind, done, total: progress.update(tasks[kind], completed=done, total=total),
        )
    for table, count in counts.items():
        click.echo(f"{table}: {counted(count, 'row')}")
    if target.startswith(("postgresql://", "postgres://")):
        click.echo(_how_to_load(target, kinds or tuple(KINDS)))


def _how_to_load(url: str, kinds: tuple[str, ...]) -> str:
    """Say how to load samples from Postgres: each kind stands in a schema of its name."""
    from sessionlab.postgres_url import PostgresUrl

    given = PostgresUrl.parse(url, {})
    places = (shlex.quote(replace(given, schema=kind).without_password()) for kind in kinds)
    aside = "  # with the password in POSTGRES_PASSWORD" if given.password else ""
    return f"Load them: sessionlab load {' '.join(places)}{aside}"
