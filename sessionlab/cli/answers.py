"""Commands that answer questions: SQL, metrics, charts, the report."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from sessionlab.cli.options import json_option, lab_option, open_lab, parted, where_option
from sessionlab.cli.tables import show, show_as_duckdb
from sessionlab.errors import NotFound
from sessionlab.schema import literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_COPY = {"csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY true", "parquet": "FORMAT parquet, COMPRESSION zstd"}
_PACKED = (".gz", ".zst")
"""How the name of a file ends that DuckDB packs by itself."""

_OTHERS = ("arrow", "avro", "db", "duckdb", "feather", "html", "jsonl", "ndjson", "orc", "sqlite", "tsv", "xls", "xlsx")
"""Formats that names of files speak of, and that are not written here."""


@click.command()
@click.argument("query")
@lab_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", *_COPY]),
    help="How to write rows.  [default: as the file's name says, else csv; with no file, table]",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def sql(query: str, lab_path: Path, form: str | None, output: Path | None) -> None:
    """Run SQL against the lab.

    Its tables are sessions, attempts, messages, errors, and each kind's own, as codegen.iteration.

    \b
    sessionlab sql "FROM sessions WHERE attempts > 3" -o many.parquet
    sessionlab sql "FROM errors" --format csv | head
    """
    form = form or ("table" if output is None else _form_of(output))
    if form == "table" and output is not None:
        raise click.UsageError("A table is for reading: choose csv, json or parquet for a file.")
    with open_lab(lab_path) as lab:
        relation = lab.sql(query)
        if form == "table":
            show_as_duckdb(relation)
        else:
            _copy(relation, form, output)


def _form_of(output: Path) -> str:
    """Tell from a file's name what to write to it: CSV, unless the name says something else.

    Raises:
        UsageError: it says something that there is not.
    """
    name = output.with_suffix("") if output.suffix.lower() in _PACKED else output
    form = name.suffix.lower().removeprefix(".")
    if form in _OTHERS:
        raise click.UsageError(
            f"{output.name} cannot be written: a file is csv, json or parquet. --format chooses one."
        )
    return form if form in _COPY else "csv"


def _copy(relation: DuckDBPyRelation, form: str, output: Path | None) -> None:
    """Let DuckDB write the rows, in batches; to standard output by way of a file, as it would cut off what is there."""
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: add -o FILE")
    if form == "json":
        relation = relation.project(", ".join(map(_json_value, relation.columns, relation.types)))
    with TemporaryDirectory() as folder:
        place = output or Path(folder) / "answer"
        relation.query("answer", f"COPY answer TO {literal(str(place))} ({_COPY[form]})")
        if output is None:
            with place.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)


def _json_value(column: str, type_: object) -> str:
    """Write what JSON has for a column: no NaN and no infinity."""
    name = quote(column)
    return f"CASE WHEN isfinite({name}) THEN {name} END AS {name}" if str(type_) in {"DOUBLE", "FLOAT"} else name


@click.command()
@click.argument("metric", default="summary")
@lab_option
@click.option("--by", multiple=True, callback=parted, help="A column of sessions to group by, or several: kind,model.")
@where_option
@click.option("--of", type=click.Choice(["agent", "model", "runtime"]), help="Whose wins to count; for winners only.")
@click.option("--bucket", type=click.Choice(["day", "week", "month"]), help="Group by time.")
@click.option(
    "--chart",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw it instead: .png, .svg, .html (opens offline) or .json.",
)
@json_option
def stats(
    metric: str,
    lab_path: Path,
    by: tuple[str, ...],
    where: str | None,
    of: str | None,
    bucket: str | None,
    chart: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show a metric, or draw it.

    METRIC is summary unless another is named, as success_rate, timeline or winners.

    \b
    sessionlab stats success_rate --by topic,model
    sessionlab stats winners --of model
    sessionlab stats success_rate --bucket week --where "kind = 'workflow'" --chart weeks.png
    """
    from sessionlab.metrics.runner import named

    named(metric)
    with open_lab(lab_path) as lab:
        try:
            ask = getattr(lab.metrics if chart is None else lab.charts, metric)
        except AttributeError as error:
            raise NotFound(str(error)) from error
        if of and metric != "winners":
            raise click.UsageError("--of is for winners")
        given = {"of": of, "bucket": bucket}
        answer = ask(by=by, where=where, **{name: value for name, value in given.items() if value})
        if chart is None:
            show(answer, as_json=as_json, keys=len(by) + bool(bucket))
        else:
            from sessionlab.charts import save

            click.echo(str(save(answer, chart)))


@click.command()
@click.argument("output", default="report.html", type=click.Path(dir_okay=False, path_type=Path))
@lab_option
@where_option
@click.option("--title", default="Sessions", show_default=True, help="The page's heading.")
def report(output: Path, lab_path: Path, where: str | None, title: str) -> None:
    """Write one self-contained page that opens with no network."""
    with open_lab(lab_path) as lab:
        click.echo(str(lab.report(output, title=title, where=where)))
