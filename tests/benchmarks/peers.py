"""What others have built, in folders of their own: their versions need not be those that the tests have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

DUCKDB_WITH_SCANNERS = (
    "duckdb==1.5.5",
    "duckdb-extension-sqlite-scanner==1.5.5",
    "duckdb-extension-postgres-scanner==1.5.5",
)
"""The latest DuckDB whose extensions are on PyPI: they load into no other version."""

CONNECTORX = ("connectorx",)
DATASETTE = ("datasette",)


def installed(root: Path, packages: tuple[str, ...]) -> Path | None:
    """Give the folder that packages are installed in; None where they cannot be had, as without a network."""
    folder = root / f"peers-{sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    if not (folder / "done").exists():
        print(f"installing {', '.join(packages)} …", flush=True)
        command = [sys.executable, "-m", "pip", "install", "-qq", "--target", str(folder), *packages]
        if subprocess.run(command, check=False).returncode:
            print("they could not be installed, so they are left out", flush=True)
            return None
        (folder / "done").touch()
    return folder


def paths(root: Path, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Path | None]:
    """Give for each way the folder of the packages that it wants."""
    return {way: installed(root, packages) for way, packages in wanted.items()}
