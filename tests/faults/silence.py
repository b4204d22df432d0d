"""Parts that fall silent: a socket that takes every connection and never answers, and one that passes
everything on until it is told to stop."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(128)
        yield server.getsockname()[1]


class Proxy:
    """Between a client and the unix socket of a server; while `is_silent`, nothing gets through."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._peers: dict[socket.socket, socket.socket] = {}
        self.port: int = self._server.getsockname()[1]
        self.is_silent = False
        self._thread = threading.Thread(target=self._pass_on)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        for each in (self._server, *self._peers):
            each.close()

    def _pass_on(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._server, selectors.EVENT_READ)
            while not self._ended.wait(0.001):
                for key, _events in selector.select(0.05):
                    if not self.is_silent and key.fileobj.fileno() >= 0:  # type: ignore[union-attr]
                        self._serve(selector, key.fileobj)  # type: ignore[arg-type]

    def _serve(self, selector: selectors.BaseSelector, ready: socket.socket) -> None:
        if ready is self._server:
            near, _address = self._server.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._target)
            for one, other in ((near, far), (far, near)):
                self._peers[one] = other
                selector.register(one, selectors.EVENT_READ)
            return
        said = b""
        with suppress(OSError):
            said = ready.recv(65536)
            self._peers[ready].sendall(said)
        if not said:
            for one in (ready, self._peers[ready]):
                if one.fileno() >= 0:
                    selector.unregister(one)
                    one.close()
