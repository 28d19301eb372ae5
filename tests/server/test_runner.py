"""A server in a thread: what a start that fails leaves behind."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from contextlib import closing

import pytest

from sessionlab import Lab, SessionlabError
from sessionlab.server import Running, create_app, runner, start


def test_an_address_that_is_taken_leaves_no_socket_open() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        port = taken.getsockname()[1]
        with pytest.raises(SessionlabError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            start(create_app(), port=port)
        gc.collect()
    assert [str(each.message) for each in said if each.category is ResourceWarning] == []


def test_an_app_that_does_not_start_leaves_no_thread(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up, stop = threading.Event(), Running.stop
    app = create_app(lab, refresh=60)
    refresher = app.fastapi.state.refresher
    begin = refresher.start

    def slow() -> None:
        given_up.wait(30)
        begin()

    def stopped(running: Running) -> None:
        monkeypatch.setattr(runner, "_START_SECONDS", 30.0)
        given_up.set()
        stop(running)

    monkeypatch.setattr(refresher, "start", slow)
    monkeypatch.setattr(runner, "_START_SECONDS", 0.2)
    monkeypatch.setattr(Running, "stop", stopped)
    with pytest.raises(SessionlabError, match=r"The server did not start on 127\.0\.0\.1:0"):
        start(app)
    assert [thread.name for thread in threading.enumerate() if thread.name == "sessionlab-server"] == []
