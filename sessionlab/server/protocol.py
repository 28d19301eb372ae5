"""HTTP as uvicorn reads it, but for the head of a request that has no end, which uvicorn would keep all of."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 256_000
"""How long a head may be, beyond what comes with its first bytes: a URL has room for all that may be asked."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    _message = 0
    _in_head = False
    _size = 0

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._message += 1
        self._in_head, self._size = True, 0

    def on_headers_complete(self) -> None:
        """End it: the app counts what bodies have."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, and refuse a head that has become too long."""
        message = self._message
        super().data_received(data)
        if self._in_head and self._message == message:
            self._size += len(data)
        if self._size > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")
