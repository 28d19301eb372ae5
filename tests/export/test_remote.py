"""Data sets at URLs, through a file system of fsspec's; without one, the error says what to install."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sessionlab import Lab, LabError, MissingExtra
from tests.labs import goals, write_json


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1, 2]))
        lab.export(tmp_path / "lake")
    return tmp_path / "lake"


def test_a_data_set_in_object_storage(lake: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(lake), "/bucket", recursive=True)
    for given in (None, memory):
        with Lab.attach("memory://bucket/", filesystem=given) as lab:
            assert goals(lab) == {"runs:1": "sort a list", "runs:2": "sort a list"}
            assert lab.metrics.success_rate().project("sessions").fetchall() == [(2,)]
    memory.rm("/bucket/index.json")  # what many machines send there, none of them lists
    assert Lab.attach("memory://bucket").table("sessions").fetchall()
    with pytest.raises(LabError, match=r"memory://nowhere/"):
        Lab.attach("memory://nowhere")


class Ranged(SimpleHTTPRequestHandler):
    """Gives parts of files, as any web server but Python's does."""

    def do_GET(self) -> None:
        asked, path = self.headers.get("Range"), Path(self.translate_path(self.path))
        if not asked or not path.is_file():
            super().do_GET()
            return
        first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
        whole = path.read_bytes()
        part = whole[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(lake: Path) -> Iterator[str]:
    handler = partial(Ranged, directory=str(lake))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_data_set_of_a_web_server(server: str) -> None:
    """A web server lists no folders; the index does. Its files are fetched by a file system made for that."""
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    with Lab.attach(server, filesystem=fsspec.filesystem("http")) as lab:
        assert goals(lab) == {"runs:1": "sort a list", "runs:2": "sort a list"}


def test_what_cannot_be_reached_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match=r"httpfs.*fsspec"):
        Lab.attach("nostorage://bucket/lake")


def test_a_storage_that_takes_more_than_a_url_says_how_to_give_it() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(LabError, match=r"reference://.*'fo'.*filesystem=fsspec\.filesystem\('reference', …\)"):
        Lab.attach("reference://bucket/lake")
