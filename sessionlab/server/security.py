"""What stands in front of all requests: who may ask, from which page, under which name, and what a page may do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import logging
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessionlab.server.problems import DEFECT, problem

_log = logging.getLogger(__name__)

COOKIE_SECONDS = 7 * 24 * 3600

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

OPEN = frozenset({"/login", "/healthz", "/static/style.css", "/static/theme.js"})
"""What one gets without having said the token."""


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name stands for this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


class Keys:
    """The token, and the cookie that stands for it in a browser.

    The cookie holds the time of its end and a signature of it by the token: it outlives a restart, and tells nothing.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def fits(self, said: str) -> bool:
        """Compare a token in a time that tells nothing of where it differs."""
        return hmac.compare_digest(said.encode("utf-8", "surrogateescape"), self._token)

    def cookie(self) -> str:
        """Make the value of a cookie."""
        end = str(int(time.time()) + COOKIE_SECONDS)
        return f"{end}.{self._signed(end)}"

    def knows(self, cookie: str) -> bool:
        """Tell whether a cookie is one of ours, and still good."""
        end, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._signed(end).encode())
        return genuine and end.isdigit() and int(end) > time.time()

    def _signed(self, end: str) -> str:
        digest = hmac.new(self._token, f"sessionlab until {end}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Guard:
    """An ASGI app in front of another one, which it calls only for requests that may be answered.

    Args:
        app: What answers.
        keys: The token that callers must know; None lets in all who ask from this machine.
        hosts: Names, beside addresses and ``localhost``, under which the server is asked for.
        most: The largest body, in bytes, where its size is said beforehand; the app counts the others.
    """

    def __init__(self, app: ASGIApp, keys: Keys | None, hosts: Iterable[str], most: int) -> None:
        self._app = app
        self._keys = keys
        self._most = most
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        began = False

        async def guarded(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            refusal = self._refusal(scope, Headers(scope=scope))
            asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # the server sends no body then
            await (refusal or self._app)(asked, receive, guarded)
        except asyncio.CancelledError:
            if began:
                raise
            await problem(503, "The server ends. Ask again in a while.")(scope, receive, guarded)
        except Exception:
            if began:
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await problem(500, DEFECT)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Say why a request is not answered; None if it is."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return problem(421, f"This server is not asked for as {host[:100]!r}. Say so with --allow-host if it is.")
        if not _same_origin(headers, host):
            return problem(403, "A page of another site may not ask this server.")
        size = headers.get("content-length", "0")
        if not size.isdecimal() or int(size) > self._most:
            return problem(413, f"A body may have {self._most:,} bytes; this one has {size[:30]}.")
        return self._stranger(scope, headers, self._keys)

    def _stranger(self, scope: Scope, headers: Headers, keys: Keys | None) -> Response | None:
        """Say why a caller is not answered; None if it is."""
        if keys is None:
            return None if _is_near(scope) else problem(403, "Without a token, only this machine may ask.")
        if scope["path"] in OPEN or self._is_known(headers, keys):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return problem(401, "Say the token: Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"})

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header names this server: a name that somebody else can point here does not."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        address = _address(name)
        if address is not None:
            return self._keys is not None or address.is_loopback
        return name.lower() in self._hosts

    def _is_known(self, headers: Headers, keys: Keys) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return keys.fits(_as_sent(token.strip()))
        return any(keys.knows(value) for value in _cookies(headers))


def _as_sent(text: str) -> str:
    """Give a header's text in UTF-8, as most send it; ``text`` is what its bytes are in Latin-1, which is left else."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text


def cookie_name(host: str) -> str:
    """Name the cookie of the server that a Host header asks for: cookies are shared by all ports of a host.

    >>> cookie_name("127.0.0.1:8000"), cookie_name("[::1]"), cookie_name("lab.example")
    ('sessionlab-8000', 'sessionlab', 'sessionlab')
    """
    port = host.rpartition(":")[2]
    return f"sessionlab-{port}" if ":" in host and port.isdecimal() else "sessionlab"


def _cookies(headers: Headers) -> list[str]:
    """Give the values of our cookie; whatever other programs of this host have set may stand beside it."""
    pairs = (part.partition("=") for line in headers.getlist("cookie") for part in line.split(";"))
    name = cookie_name(headers.get("host", ""))
    return [value.strip().strip('"') for said, _, value in pairs if said.strip() == name]


def _same_origin(headers: Headers, host: str) -> bool:
    """Tell whether a request comes from no page at all, or from one of ours."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.startswith("http") and _netloc(origin) == host.lower()
    return headers.get("sec-fetch-site") != "cross-site" or headers.get("sec-fetch-mode") == "navigate"


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _is_near(scope: Scope) -> bool:
    """Tell whether a request comes from this machine; a socket in the file system has no address."""
    client = scope.get("client")
    return client is None or is_loopback(client[0])
