"""The command that writes a lab as a data set of Parquet files."""

from __future__ import annotations

from pathlib import Path

import click

from sessionlab.cli.options import json_option, lab_option, open_lab, say, typed


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@lab_option
@click.option(
    "--format", "form", default="parquet", show_default=True, type=click.Choice(["parquet"]), help="What to write."
)
@click.option(
    "--partition-by",
    "partitions",
    multiple=True,
    default=["kind"],
    show_default=True,
    type=click.Choice(["kind", "year", "month", "day"]),
    help="What to tell files apart by; may be given twice.",
)
@click.option("--redact", is_flag=True, help="Put lengths and hashes in the place of goals, code and messages.")
@click.option(
    "--salt",
    default="",
    envvar="SESSIONLAB_SALT",
    show_envvar=True,
    help="With --redact: what is hashed with each text, so that no guess can be proven.",
)
@click.option("--writer", help="Who owns the sources there.  [default: this machine's name]")
@click.option(
    "--keep",
    default=0.0,
    type=click.FloatRange(min=0),
    help="Seconds for which replaced files stay, for who is still reading them.",
)
@click.option("--drop", metavar="NAME", help="Take a source out of the data set, and do no more.")
@json_option
def export(
    folder: Path,
    lab_path: Path,
    form: str,
    partitions: tuple[str, ...],
    salt: str,
    writer: str | None,
    keep: float,
    drop: str | None,
    *,
    redact: bool,
    as_json: bool,
) -> None:
    """Write the lab as a data set of Parquet files.

    What is there already as it is in the lab, stays.
    """
    if "salt" in typed() and not redact:
        raise click.UsageError("--salt is for --redact")
    if drop is not None:
        from sessionlab.export import drop as take_out

        take_out(folder, drop)
        click.echo(f"{drop} is out of {folder}")
        return
    with open_lab(lab_path) as lab:
        report = lab.export(
            folder,
            format=form,
            partition_by=partitions,
            redact="text" if redact else None,
            salt=salt if redact else "",
            writer=writer,
            keep=keep,
        )
        say(report, as_json=as_json)
