"""``sessionlab serve`` as a program: it answers, ends when asked to, and loses nothing when killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sessionlab import Lab, SessionlabError
from sessionlab.cli import cli
from sessionlab.server import Running
from sessionlab.server.app import App

TOKEN = "correct horse battery"


@contextmanager
def serving(*options: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port; give its process and its URL."""
    command = [sys.executable, "-m", "sessionlab", "serve", "--port", "0", *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.match(r"(http://[\d.:]+)/ shows ", line)
            assert found, (line, process.stderr and process.stderr.read())
            yield process, found[1]
        finally:
            process.kill()


def test_killed_and_started_again_nothing_is_lost(tmp_path: Path) -> None:
    options: tuple[object, ...] = (
        "--lab",
        tmp_path / "lab.duckdb",
        "--store",
        f"codegen=sqlite:///{tmp_path}/codegen.db",
    )
    kept: list[int] = []
    with serving(*options) as (process, url), httpx.Client(base_url=url) as client:
        try:
            while True:
                if len(kept) == 10:
                    threading.Timer(0.05, process.kill).start()
                answer = client.post("/api/codegen/sessions", json={"design_goal": f"goal {len(kept)}"})
                kept.append(answer.json()["id"])
        except httpx.TransportError:
            pass
    assert len(kept) >= 10
    # The second time others may ask as well, who must know the token.
    options += ("--host", "0.0.0.0", "--refresh", "1s", "--log")
    headers = {"authorization": f"Bearer {TOKEN}"}
    with (
        serving(*options, SESSIONLAB_TOKEN=TOKEN) as (process, url),
        httpx.Client(base_url=url, headers=headers) as client,
    ):
        for number, identity in enumerate(kept):
            assert client.get(f"/api/codegen/sessions/{identity}").json()["design_goal"] == f"goal {number}"
        assert httpx.get(f"{url}/api/metrics").status_code == 401
        assert client.get("/api/metrics/summary?where=true").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
        assert process.stderr is not None
        log = process.stderr.read()
    assert '"path": "/api/metrics/summary"' in log
    assert TOKEN not in log
    assert "where" not in log
    with Lab(tmp_path / "lab.duckdb") as lab:
        assert lab.sql("SELECT count(*) FROM sessions").fetchall()[0][0] >= len(kept)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--refresh", "soon"], 2, "no span of time"),
        (["--refresh", "0s"], 2, "no span of time"),
        (["--sql-seconds", "-1"], 2, "x>0"),
        (["--sql-memory", "63"], 2, "x>=64"),
        (["--store", "workflow"], 2, "KIND=URL"),
        (["--store", "none=sqlite:///x.db"], 1, "no store of the kind 'none'"),
        (["--host", "0.0.0.0"], 1, "a token is needed"),
        (["--token", " "], 1, "The token is empty"),
    ],
)
def test_what_does_not_hold_is_said(tmp_path: Path, options: list[str], code: int, words: str) -> None:
    done = CliRunner().invoke(cli, ["serve", "--lab", str(tmp_path / "lab.duckdb"), *options])
    assert done.exit_code == code
    assert words in (done.output if code == 2 else str(done.exception))


def test_the_lab_has_a_limit_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []

    def looked_at(app: App, host: str, port: int) -> Running:
        found.extend(*app.fastapi.state.desk.lab.sql("SELECT current_setting('memory_limit')").fetchall())
        raise SessionlabError(f"{host}:{port} is not needed.")

    monkeypatch.setattr("sessionlab.server.start", looked_at)
    for options in ([], ["--memory", "640"]):
        done = CliRunner().invoke(cli, ["serve", "--lab", str(tmp_path / "lab.duckdb"), *options])
        assert "is not needed" in str(done.exception)
    with Lab(memory_limit="2048MB") as usual, Lab(memory_limit="640MB") as small:
        wanted = [lab.sql("SELECT current_setting('memory_limit')").fetchall()[0][0] for lab in (usual, small)]
    assert found == wanted
