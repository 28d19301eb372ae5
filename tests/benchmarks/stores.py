"""The codegen store beside the bare driver, sqlite-utils and SQLAlchemy's ORM: the same work, in turn."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import sqlite_utils
from sqlalchemy.orm import Session, registry

from sessionlab import open_store
from sessionlab.stores.database import open_database
from sessionlab.stores.tables import tables_of
from sessionlab.stores.values import Engine
from tests.benchmarks.data import postgres
from tests.benchmarks.measure import in_turn, within
from tests.benchmarks.result import OURS, Result, beside

Ways = dict[str, Callable[[], None]]

_GET = "SELECT id, session_id, code, feedback, created_at FROM iteration WHERE id = "
_INSERT = "INSERT INTO iteration (session_id, code, feedback) VALUES "
_ROW = {"session_id": 1, "code": "def f(x):\n    return sorted(x)\n" * 8, "feedback": "one test of three fails"}
_VALUES = tuple(_ROW.values())
_MANY = 100_000


class Iteration:
    """What the ORM makes of a row."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class Case:
    """Ways to do the same; ``at_most`` are the ratios of ours to others that are asked, ``seconds`` an absolute one."""

    name: str
    ways: Ways
    calls: int
    at_most: Mapping[str, float]
    seconds: float | None = None

    def result(self, rounds: int) -> Result:
        """Run the ways in turn."""
        figures = in_turn(self.ways, rounds, self.calls)
        asked = [*beside(figures, self.at_most, {})]
        if self.seconds is not None:
            asked.append(within("the call", figures[OURS].seconds, self.seconds))
        return Result("stores", self.name, "", tuple(figures.values()), tuple(asked))


def results(rounds: int, names: Sequence[str] = ()) -> Iterator[Result]:
    """Time each case on both engines."""
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as url:
        for case in itertools.chain(_sqlite_cases(Path(folder)), _postgres_cases(url)):
            if not names or case.name in names:
                yield case.result(rounds)


def _sqlite_cases(folder: Path) -> Iterator[Case]:
    places = {name: folder / f"{name}.db" for name in ("ours", "sqlite3", "sqlite-utils", "orm")}
    for path in places.values():
        with open_store("codegen", path) as store:
            store.insert_session("goal")
    with open_store("codegen", places["ours"]) as store, closing(_sqlite(places["sqlite3"])) as bare:
        utils: Any = sqlite_utils.Database(_sqlite(places["sqlite-utils"]))["iteration"]
        orm = _Orm("sqlite", open_database(places["orm"]).sqlalchemy())

        def insert() -> None:
            with bare:
                bare.execute(f"{_INSERT}(?, ?, ?)", _VALUES)

        def insert_many() -> None:
            with bare:
                bare.executemany(f"{_INSERT}(?, ?, ?)", tuples)

        rows = _rows()
        tuples = [tuple(row.values()) for row in rows]
        numbers = itertools.cycle(range(1, 501))
        yield Case(
            "sqlite insert",
            {
                OURS: lambda: _none(store.insert_iteration(**_ROW)),  # type: ignore[arg-type]
                "sqlite3": insert,
                "sqlite-utils": lambda: _none(utils.insert(_ROW)),
                "SQLAlchemy ORM": orm.insert,
            },
            500,
            {"sqlite3": 4, "sqlite-utils": 1, "SQLAlchemy ORM": 1},
        )
        yield Case(
            "sqlite get",
            {
                OURS: lambda: _none(store.get_iteration(next(numbers))),
                "sqlite3": lambda: _none(bare.execute(f"{_GET}?", (next(numbers),)).fetchone()),
                "sqlite-utils": lambda: _none(utils.get(next(numbers))),
                "SQLAlchemy ORM": lambda: orm.get(next(numbers)),
            },
            500,
            {"sqlite-utils": 1, "SQLAlchemy ORM": 1},
            0.0002,
        )
        yield Case(
            "sqlite bulk",
            {
                OURS: lambda: _none(store.insert_iterations(rows)),
                "sqlite3 executemany": insert_many,
                "sqlite-utils": lambda: _none(utils.insert_all(rows)),
                "SQLAlchemy ORM": lambda: orm.insert_many(rows),
            },
            1,
            {"sqlite3 executemany": 1.5, "sqlite-utils": 1, "SQLAlchemy ORM": 1},
        )


def _postgres_cases(url: str) -> Iterator[Case]:
    mark = "&" if "?" in url else "?"
    urls = {name: f"{url}{mark}schema={name}" for name in ("ours", "bare", "orm")}
    for each in urls.values():
        with open_store("codegen", each) as store:
            store.insert_session("goal")
    with open_store("codegen", urls["ours"]) as store, _psycopg(url) as bare, _psycopg(url) as single:
        single.autocommit = True
        orm = _Orm("postgresql", open_database(urls["orm"]).sqlalchemy())

        def insert() -> None:
            bare.execute(f"{_INSERT}(%s, %s, %s)".encode(), _VALUES)
            bare.commit()

        def insert_many() -> None:
            with bare.cursor() as cursor, cursor.copy("COPY iteration (session_id, code, feedback) FROM STDIN") as copy:
                for row in tuples:
                    copy.write_row(row)
            bare.commit()

        rows = _rows()
        tuples = [tuple(row.values()) for row in rows]
        numbers = itertools.cycle(range(1, 501))
        yield Case(
            "postgres insert",
            {
                OURS: lambda: _none(store.insert_iteration(**_ROW)),  # type: ignore[arg-type]
                "psycopg and commit": insert,
                "psycopg autocommit": lambda: _none(single.execute(f"{_INSERT}(%s, %s, %s)".encode(), _VALUES)),
                "SQLAlchemy ORM": orm.insert,
            },
            500,
            {"psycopg and commit": 1.5, "psycopg autocommit": 1.5, "SQLAlchemy ORM": 1},
        )
        yield Case(
            "postgres get",
            {
                OURS: lambda: _none(store.get_iteration(next(numbers))),
                "psycopg": lambda: _none(single.execute(f"{_GET}%s".encode(), (next(numbers),)).fetchone()),
                "SQLAlchemy ORM": lambda: orm.get(next(numbers)),
            },
            500,
            {"psycopg": 1.5, "SQLAlchemy ORM": 1},
        )
        yield Case(
            "postgres bulk",
            {
                OURS: lambda: _none(store.insert_iterations(rows)),
                "psycopg COPY": insert_many,
                "SQLAlchemy ORM": lambda: orm.insert_many(rows),
            },
            1,
            {"psycopg COPY": 2, "SQLAlchemy ORM": 1},
        )


class _Orm:
    """The same by SQLAlchemy's ORM."""

    def __init__(self, engine: Engine, connects: sa.Engine) -> None:
        self._mapped = type("MappedIteration", (Iteration,), {})
        registry().map_imperatively(self._mapped, tables_of("codegen", engine).tables["iteration"])
        self._engine = sa.create_engine(
            connects.url,
            creator=connects.pool._creator,
            poolclass=sa.QueuePool,
        )

    def insert(self) -> None:
        with Session(self._engine) as session:
            session.add(self._mapped(**_ROW))
            session.commit()

    def get(self, number: int) -> None:
        with Session(self._engine) as session:
            assert session.get(self._mapped, number)

    def insert_many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with Session(self._engine) as session:
            session.execute(sa.insert(self._mapped), rows)
            session.commit()


def _rows() -> list[dict[str, Any]]:
    return [{"session_id": 1, "code": f"code of number {n} " * 8, "feedback": f"feedback {n}"} for n in range(_MANY)]


def _sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _psycopg(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = bare")
        connection.commit()
        yield connection


def _none(_: object) -> None:
    """Drop an answer."""
