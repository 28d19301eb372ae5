"""``sessionlab export`` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sessionlab import Lab
from tests.labs import write_json


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sessionlab", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_export_and_drop(tmp_path: Path) -> None:
    lab, lake = tmp_path / "lab.duckdb", tmp_path / "lake"
    with Lab(lab) as loaded:
        loaded.load(write_json(tmp_path / "runs.json", [1, 2]))
    report = json.loads(run(lake, "--lab", lab, "--redact", "--partition-by", "month", "--json").stdout)
    assert (report["written"], report["rows"]["sessions"], report["redacted"]) == (["runs"], 2, True)
    assert next(lake.glob("runs/*/sessions/month=2025-01/*.parquet"))
    shown = run(lake, "--lab", lab, "--redact", "--partition-by", "month").stdout
    assert "unchanged" in shown
    assert "1: runs" in shown
    with Lab.attach(lake) as attached:
        assert attached.table("sessions").project("goal").fetchall()[0][0].startswith("[11 characters, ")
    assert run(lake, "--drop", "runs").stdout == f"runs is out of {lake}\n"
    assert "has no source 'runs'" in run(lake, "--drop", "runs").stderr
    assert run(lake, "--lab", lab, "--partition-by", "week").returncode == 2


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    lab = tmp_path / "lab.duckdb"
    Lab(lab).load(write_json(tmp_path / "runs.json", [1]))
    for words, says in ((("--salt", "x"), "--salt is for --redact"), (("--keep", "-5"), "'--keep'")):
        done = run(tmp_path / "lake", "--lab", lab, *words)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "lake").exists()
