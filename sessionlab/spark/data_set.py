"""A data set as Spark reads it: the manifests, and a data frame for each table of exactly the files that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab import canonical
from sessionlab.errors import LabError
from sessionlab.export.manifest import INDEX, MANIFEST, Manifest, folder_for, read_manifest
from sessionlab.export.views import files_of, refuse_later
from sessionlab.schema import Table, Type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {
    Type.TEXT: "STRING",
    Type.INTEGER: "BIGINT",
    Type.REAL: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.TIME: "TIMESTAMP_NTZ",
    Type.JSON: "STRING",
}


def read_manifests(spark: SparkSession, root: str) -> dict[str, Manifest]:
    """Read the manifests from where the cluster sees them, by the folder of their source.

    Raises:
        LabError: there is no data set, or one of another version, or it cannot be read.
    """
    try:
        texts = _texts(spark, f"{root}/*/{MANIFEST}")
    except LabError:
        _texts(spark, f"{root}/{INDEX}")
        texts = []  # a data set that has no source yet
    found = [read_manifest(text, place) for text, place in texts]
    manifests = {folder_for(manifest.source): manifest for manifest in found}
    refuse_later(manifests, root)
    for manifest in found:
        if manifest.schema < canonical.VERSION:
            raise LabError(
                f"The source {manifest.source!r} of {root} has schema version {manifest.schema}, and Spark is given"
                f" {canonical.VERSION} alone. Export it again, or read it with Lab.attach({root!r})."
            )
    return manifests


def read_table(spark: SparkSession, root: str, manifests: dict[str, Manifest], table: Table) -> DataFrame:
    """Give a table as a data frame; its times have no zone, and are UTC."""
    schema = ", ".join(f"`{column.name}` {_TYPES[column.type]}" for column in table)
    files = files_of(manifests, table, root)
    return spark.read.schema(schema).parquet(*files) if files else spark.createDataFrame([], schema)


def _texts(spark: SparkSession, place: str) -> list[tuple[str, str]]:
    """Read small files whole; give each with its name."""
    from pyspark.errors import PySparkException

    try:
        frame = spark.read.text(place, wholetext=True)
        return [(text, name) for text, name in frame.selectExpr("value", "_metadata.file_path").collect()]
    except PySparkException as error:
        said = str(error).splitlines()[0]
        raise LabError(f"There is no data set to read at {place}: {said}") from error
