from __future__ import annotations

import duckdb
import pytest

from sessionlab.metrics import Metrics
from tests.metrics.bench import full_lab, metrics_of


@pytest.fixture(scope="session")
def lab() -> duckdb.DuckDBPyConnection:
    return full_lab()


@pytest.fixture(scope="session")
def metrics(lab: duckdb.DuckDBPyConnection) -> Metrics:
    return metrics_of(lab)
