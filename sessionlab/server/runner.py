"""Running the app: in the foreground for a command, in a thread for a notebook."""

from __future__ import annotations

import html
import signal
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn

from sessionlab.errors import SessionlabError
from sessionlab.server.app import App
from sessionlab.server.protocol import Protocol
from sessionlab.server.security import is_loopback

_START_SECONDS = 20.0
_BACKLOG = 512


class _Server(uvicorn.Server):
    """A server that sends home who listens to events, before it waits for all requests to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.fastapi.state.listeners.closing = True
        await super().shutdown(sockets)

    def __init__(self, app: App) -> None:
        self.app = app
        settings: dict[str, Any] = {
            "access_log": False,
            "log_level": "warning",
            "server_header": False,
            "timeout_graceful_shutdown": 5,
            "lifespan": "on",
            "ws": "none",
            "http": Protocol,
        }
        super().__init__(uvicorn.Config(app, **settings))


class Running:
    """A server that runs in a thread of this program.

    Attributes:
        url: Where it is found.
    """

    def __init__(self, server: uvicorn.Server, bound: socket.socket, url: str) -> None:
        self.url = url
        self._server, self._bound = server, bound
        self._thread = threading.Thread(target=server.run, args=([bound],), name="sessionlab-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._server.should_exit = True
        self._thread.join(timeout=_START_SECONDS)
        self._bound.close()

    def join(self) -> None:
        """Wait until it has ended, or somebody interrupts the program, or asks it to end."""
        ended = threading.Event()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: ended.set())
        while self._thread.is_alive() and not ended.wait(0.5):
            pass

    def wait(self) -> bool:
        """Wait until it answers; tell whether it does."""
        pause = threading.Event()
        for _ in range(int(_START_SECONDS * 100)):
            if self._server.started or not self._thread.is_alive():
                break
            pause.wait(0.01)
        return self._server.started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<sessionlab at {self.url}>"

    def _repr_html_(self) -> str:
        return f'<a href="{html.escape(self.url)}" target="_blank">{html.escape(self.url)}</a>'


def start(app: App, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Run an app in a thread; port 0 stands for any that is free.

    Raises:
        SessionlabError: the address cannot be had, or is open to others and no token is asked for.
    """
    bound = _bound(app, host, port)
    running = Running(_Server(app), bound, _url(bound))
    if not running.wait():
        running.stop()
        raise SessionlabError(f"The server did not start on {host}:{port}.")
    return running


def address(host: str, port: int) -> str:
    """Write the URL of an address.

    >>> address("::1", 8000)
    'http://[::1]:8000'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _url(bound: socket.socket) -> str:
    host, port, *_ = bound.getsockname()
    return address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - an address to visit


def _bound(app: App, host: str, port: int) -> socket.socket:
    if not app.has_token and not is_loopback(host):
        raise SessionlabError(
            f"Others can reach {host}, so a token is needed: --token, SESSIONLAB_TOKEN or create_app(token=…)."
        )
    try:
        family, _, _, _, at = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _listening(socket.socket(family, socket.SOCK_STREAM), at)
    except OSError as error:
        raise SessionlabError(f"The server cannot listen on {host}:{port}: {error.strerror or error}.") from error


def _listening(bound: socket.socket, at: Any) -> socket.socket:
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(at)
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound
