"""The files of the page, and Vega, which is packed once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from sessionlab.server.answers import Answer

PAGE = Path(__file__).with_name("page")

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    """Give the dashboard."""
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/favicon.ico")
async def icon() -> Response:
    """Give the icon."""
    return FileResponse(PAGE / "icon.svg", media_type="image/svg+xml")


@router.get("/static/{name}")
def asset(name: str, request: Request) -> Response:
    """Give a file of the page."""
    found = _files().get(name)
    return Response(status_code=404) if found is None else found.to(request)


@cache
def _files() -> dict[str, Answer]:
    files = {path.name: path for path in PAGE.iterdir() if path.suffix in _TYPES}
    read = {name: Answer(path.read_bytes(), _TYPES[path.suffix]) for name, path in files.items()}
    return read | {"vega.js": Answer(_vega(), "text/javascript")}


def warm() -> None:
    """Make ready what takes long the first time, before somebody waits for it."""
    from sessionlab.server import layout

    del layout  # brings Altair along
    _files()


def _vega() -> bytes:
    """Pack Vega as a module: with the interpreter of its expressions, as the page may not compile any."""
    from sessionlab.charts.bundle import module

    return module("export { vegaEmbed };").encode()
