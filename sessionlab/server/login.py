"""The login form of the page: a token in, a cookie out that no script can read and no other site can send."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from sessionlab.server.assets import PAGE
from sessionlab.server.security import COOKIE_SECONDS, Keys, cookie_name

router = APIRouter(include_in_schema=False)

_PAUSE_SECONDS = 0.3
_LONGEST = 4096


@router.get("/login")
async def form() -> Response:
    """Give the form."""
    return FileResponse(PAGE / "login.html")


@router.post("/login")
async def login(request: Request) -> Response:
    """Take the token; a wrong one shows the form again, after a pause."""
    keys: Keys | None = request.app.state.keys
    body = await request.body()
    said = parse_qs(body[:_LONGEST].decode("latin-1"), keep_blank_values=True).get("token", [""])[0]
    if keys is not None and not keys.fits(said):
        await asyncio.sleep(_PAUSE_SECONDS)
        return FileResponse(PAGE / "wrong.html", 401)
    answer = RedirectResponse("/", 303)
    if keys is not None:
        answer.set_cookie(
            cookie_name(request.headers.get("host", "")),
            keys.cookie(),
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Take the cookie back."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(request.headers.get("host", "")), httponly=True, samesite="strict")
    return answer
