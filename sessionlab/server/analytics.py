"""Metrics and charts over HTTP."""

from __future__ import annotations

import csv
import inspect
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from starlette.responses import Response

from sessionlab.errors import NotFound, QueryError
from sessionlab.metrics import METRICS, Metrics
from sessionlab.metrics.arguments import BUCKETS, suggestion
from sessionlab.model import SESSIONS
from sessionlab.server.answers import Answer, Ask, LabDesk, desk
from sessionlab.server.problems import responses
from sessionlab.server.values import as_json, plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

router = APIRouter(prefix="/api", tags=["analytics"])

Desk = Annotated[LabDesk, Depends(desk)]
Format = Literal["json", "csv", "arrow"]

TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
}


def _columns(said: Sequence[str]) -> list[str]:
    return [column.strip() for each in said for column in each.split(",") if column.strip()]


By = Annotated[
    list[str],
    Query(description="Columns of sessions to group by; several times, or separated by commas.", examples=[["topic"]]),
    AfterValidator(_columns),
]
Where = Annotated[
    str | None,
    Query(
        max_length=10_000, description="One SQL condition on the columns of sessions.", examples=["kind = 'workflow'"]
    ),
    BeforeValidator(lambda text: text or None),
]
Bucket = Annotated[
    Literal["day", "week", "month"] | None, Query(description="Group by when sessions started.", examples=["week"])
]
Of = Annotated[
    Literal["agent", "model", "runtime"] | None, Query(description="What `winners` compares.", examples=["model"])
]


class Described(BaseModel):
    """A metric."""

    name: str = Field(examples=["success_rate"])
    description: str
    arguments: list[str] = Field(examples=[["by", "where", "bucket"]])


class Catalog(BaseModel):
    """What can be asked."""

    metrics: list[Described]
    columns: list[str] = Field(description="The columns of sessions.", examples=[["topic", "success"]])
    buckets: list[str]


class Column(BaseModel):
    """A column of an answer, with DuckDB's type."""

    name: str = Field(examples=["topic"])
    type: str = Field(examples=["VARCHAR"])


class Table(BaseModel):
    """A metric's rows."""

    metric: str
    columns: list[Column]
    rows: list[dict[str, Any]] = Field(
        examples=[
            [{"topic": "arrays", "sessions": 10, "judged": 9, "passed": 8, "rate": 0.89, "low": 0.57, "high": 0.98}]
        ]
    )
    truncated: bool = Field(description="Whether there were more rows than the limit.")
    sql: str = Field(description="The SQL that gives these rows in the lab.")


@router.get("/metrics", response_model=Catalog, responses=responses(401))
async def metrics() -> Response:
    """List the metrics, with the columns that they can be grouped by."""
    catalog = Catalog(
        metrics=[_described(name) for name in METRICS], columns=list(SESSIONS.names), buckets=list(BUCKETS)
    )
    return Response(catalog.model_dump_json(), media_type="application/json")


def _described(name: str) -> Described:
    words = (inspect.getdoc(METRICS[name]) or "").split("\n\n")[0]
    return Described(
        name=name, description=" ".join(words.split()), arguments=list(inspect.signature(METRICS[name]).parameters)
    )


@router.get(
    "/metrics/{name}",
    response_model=Table,
    responses={
        200: {"content": {TYPES["csv"]: {}, TYPES["arrow"]: {}}, "description": "The metric's rows."},
        **responses(400, 401, 404, 422, 503),
    },
)
async def metric(
    name: str,
    desk: Desk,
    request: Request,
    by: By = [],  # noqa: B006 - FastAPI copies it
    where: Where = None,
    bucket: Bucket = None,
    of: Of = None,
    format: Format = "json",  # noqa: A002 - its name in the URL
    limit: Annotated[int, Query(ge=1, le=100_000, description="The most rows.")] = 10_000,
) -> Response:
    """Measure: the same numbers as `lab.metrics`, with counts and a 95 % interval beside every rate."""
    if name not in METRICS:
        raise _unknown("metric", name, METRICS)
    arguments = _arguments(name, by, where, bucket, of)

    def make(ask: Ask) -> Answer:
        written = Metrics(ask).written(name, **arguments)
        return _table(name, ask(written.answer), written.sql, format, limit)

    answer = await desk.answer(("metric", name, tuple(arguments.items()), format, limit), make, where)
    return answer.to(request)


@router.get("/charts/{name}", responses=responses(400, 401, 404, 422, 503))
async def chart(
    name: str,
    desk: Desk,
    request: Request,
    by: By = [],  # noqa: B006 - FastAPI copies it
    where: Where = None,
    bucket: Bucket = None,
    of: Of = None,
) -> Response:
    """Draw a metric: the Vega-Lite of `lab.charts`, with the metric's rows in it."""
    arguments = _arguments(name, by, where, bucket, of)

    def make(ask: Ask) -> Answer:
        from sessionlab.charts import Charts, all_charts

        # Not every metric has a chart. Altair knows which, and is imported here: it takes long.
        if name not in all_charts():
            raise _unknown("chart", name, all_charts())
        return Answer(as_json(getattr(Charts(Metrics(ask)), name)(**arguments).to_dict()))

    return (await desk.answer(("chart", name, tuple(arguments.items())), make, where)).to(request)


def _unknown(what: str, name: str, known: Iterable[str]) -> NotFound:
    return NotFound(f"There is no {what} {name!r}.{suggestion(name, known)}")


def _arguments(name: str, by: Sequence[str], where: str | None, bucket: str | None, of: str | None) -> dict[str, Any]:
    """Give what a metric is called with, in a form that can be a key."""
    if of is not None and name != "winners":
        raise QueryError("of is for winners; the other metrics count sessions.")
    given = {"by": tuple(by), "where": where, "bucket": bucket, "of": of}
    return {key: value for key, value in given.items() if value}


def _table(name: str, relation: DuckDBPyRelation, sql: str, form: Format, limit: int) -> Answer:
    """Write the rows of a relation in a format."""
    if form == "json":
        return Answer(_json(name, relation, sql, limit))
    write = _csv if form == "csv" else _arrow
    return Answer(write(relation.limit(limit)), TYPES[form], f"{name}.{form}")


def _json(name: str, relation: DuckDBPyRelation, sql: str, limit: int) -> bytes:
    columns = relation.columns
    rows = relation.limit(limit + 1).fetchall()
    return as_json(
        {
            "metric": name,
            "columns": [
                {"name": column, "type": str(type_)} for column, type_ in zip(columns, relation.types, strict=True)
            ],
            "rows": [dict(zip(columns, row, strict=True)) for row in rows[:limit]],
            "truncated": len(rows) > limit,
            "sql": sql,
        }
    )


def _csv(relation: DuckDBPyRelation) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(relation.columns)
    writer.writerows([plain(value) for value in row] for row in relation.fetchall())
    return text.getvalue().encode(errors="replace")


def _arrow(relation: DuckDBPyRelation) -> bytes:
    import pyarrow as pa

    table = relation.to_arrow_table()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
