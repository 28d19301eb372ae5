"""The process that answers SQL: a DuckDB of its own with the lab attached to be read, and nothing else in reach.

It reads one request a line and writes one answer each, a header line and the body. It holds no secrets, and whoever
started it ends it when it takes too long: what DuckDB cannot interrupt, a kill can.
"""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib import import_module
from math import ceil
from typing import Any, BinaryIO

import duckdb

from sessionlab.schema import literal
from sessionlab.server.reach import objection
from sessionlab.server.values import as_json, plain

BODY_BYTES = 32_000_000
"""The largest answer."""

_ROOM = 700_000_000
"""What a process may take beyond DuckDB's limit, in bytes: for the libraries, and the rows on their way out."""

_CHUNK = 64

_ALONE_SECONDS = 5
"""How long after its time a query may go on if whoever would end it is gone."""


class Refusal(Exception):
    """A query that is not run, or was stopped."""


class Answerer:
    """Answers queries on one lab file.

    Args:
        path: The file.
        memory: DuckDB's memory limit, as ``"512MB"``.
    """

    def __init__(self, path: str, memory: str) -> None:
        # A cursor, as in a program without a file a connection draws progress bars.
        self._connection = duckdb.connect(config={"temp_directory": "", "memory_limit": memory}).cursor()
        run = self._connection.execute
        run(f"ATTACH {literal(path)} AS lab (READ_ONLY)")
        run("USE lab")
        run("SET GLOBAL TimeZone = 'UTC'")
        for setting in ("python_enable_replacements", "enable_external_access"):
            run(f"SET {setting} = false")
        run("SET lock_configuration = true")

    def answer(
        self, query: str, rows: int, seconds: float, form: str, values: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Run a query; give a header and the body in a format: ``json``, ``csv`` or ``arrow``."""
        began = time.perf_counter()
        self._check(query)
        # A connection of its own: what a query leaves open, as the rest of a stream, is nothing to the next one.
        with closing(self._connection.cursor()) as connection:
            clock = threading.Timer(seconds, connection.interrupt)
            clock.start()
            try:
                connection.execute("USE lab")
                connection.execute("BEGIN TRANSACTION READ ONLY")
                result = connection.execute(query, values)
                header: dict[str, Any] = {
                    "columns": [[column[0], str(column[1])] for column in result.description or ()]
                }
                body = _WRITERS[form](result, rows, header)
            finally:
                clock.cancel()
        return {**header, "seconds": round(time.perf_counter() - began, 4)}, body

    def _check(self, query: str) -> None:
        """Let one SELECT through; the lab could not be changed anyway."""
        statements = self._connection.extract_statements(query)
        if len(statements) != 1:
            raise Refusal(f"A query is one statement; these are {len(statements)}.")
        if statements[0].type != duckdb.StatementType.SELECT:
            name = statements[0].type.name
            raise Refusal(f"Only a SELECT is run here (also FROM …, DESCRIBE, SHOW); this is {name}.")
        if reason := objection(self._tree(query)):
            raise Refusal(reason)

    def _tree(self, query: str) -> Any:
        """Give a statement as DuckDB itself reads it."""
        found = self._connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchone()
        try:
            tree = json.loads(found[0] if found else "null")
        except RecursionError:
            raise Refusal("The query is nested too deeply.") from None
        if not isinstance(tree, dict) or tree.get("error"):
            raise Refusal("The query cannot be read. Write it in a simpler way.")
        return tree


def _rows(result: duckdb.DuckDBPyConnection, most: int, header: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Give the rows as they come, ``most`` of them, and note in the header whether there are more."""
    count = 0
    while chunk := result.fetchmany(_CHUNK):
        for row in chunk:
            if count == most:
                header["truncated"] = True
                return
            count += 1
            yield row


class _Bounded(io.BytesIO):
    """A buffer that refuses to grow beyond the largest answer."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > BODY_BYTES:
            raise Refusal(f"The answer is larger than {BODY_BYTES // 1_000_000} MB. Select less.")
        return super().write(data)


def _json(result: duckdb.DuckDBPyConnection, most: int, header: dict[str, Any]) -> bytes:
    body, comma = _Bounded(), b""
    body.write(b"[")
    for row in _rows(result, most, header):
        body.write(comma + as_json(list(row)))
        comma = b",\n"
    body.write(b"]")
    return body.getvalue()


def _csv(result: duckdb.DuckDBPyConnection, most: int, header: dict[str, Any]) -> bytes:
    body = _Bounded()
    text = io.TextIOWrapper(body, "utf-8", newline="", write_through=True, errors="replace")
    writer = csv.writer(text)
    writer.writerow([name for name, _ in header["columns"]])
    for row in _rows(result, most, header):
        writer.writerow([_cell(value) for value in row])
    return body.getvalue()


def _cell(value: Any) -> Any:
    made = plain(value)
    return json.dumps(made, ensure_ascii=False) if isinstance(made, list | dict) else made


def _arrow(result: duckdb.DuckDBPyConnection, most: int, header: dict[str, Any]) -> bytes:
    import pyarrow as pa

    reader: Any = result.to_arrow_reader(2048)
    body, left = _Bounded(), most
    with pa.ipc.new_stream(body, reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch.slice(0, left))
            if batch.num_rows > left:
                header["truncated"] = True
                break
            left -= batch.num_rows
    return body.getvalue()


_WRITERS = {"json": _json, "csv": _csv, "arrow": _arrow}


def _answered(answerer: Answerer, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Answer a request; what goes wrong with the query is an answer too."""
    try:
        values = request.get("values")
        return answerer.answer(request["query"], request["rows"], request["seconds"], request["format"], values)
    except Refusal as error:
        return {"refused": str(error)}, b""
    except duckdb.InterruptException:
        return {"stopped": "time"}, b""
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"stopped": "memory"}, b""
    except RuntimeError as error:
        return ({"stopped": "time"} if "interrupted" in str(error).lower() else {"refused": str(error)}), b""
    except Exception as error:  # whatever a query brings about is said, not died of
        return {"refused": str(error) or type(error).__name__}, b""


def main() -> None:
    """Answer what comes on standard input until it ends; the arguments are the lab's file and the memory limit."""
    path, memory, hard = sys.argv[1], sys.argv[2], int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    answerer = Answerer(path, memory)
    with suppress(ImportError):  # its libraries take room that a query may have used up later
        import_module("pyarrow")
    resource.setrlimit(resource.RLIMIT_DATA, (hard + _ROOM, hard + _ROOM))
    _send(answers, {"ready": True}, b"")
    for line in requests:
        request = json.loads(line)
        signal.alarm(ceil(request["seconds"]) + _ALONE_SECONDS)  # ends the process, whatever it does
        _send(answers, *_answered(answerer, request))
        signal.alarm(0)


def _send(answers: BinaryIO, header: dict[str, Any], body: bytes) -> None:
    answers.write(as_json({**header, "size": len(body)}) + b"\n" + body)
    answers.flush()
