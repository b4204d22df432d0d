"""A mail server that keeps what it is sent, and can be told to keep its callers waiting."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailServer:
    """Enough of SMTP for Django's mail backend. `open` lets callers in; without it they wait."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.callers = 0
        self.open = threading.Event()
        self.open.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.open.set()
        # Closing alone wakes nobody who waits for a caller, and keeps the port.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:  # closed
                return
            self.callers += 1
            threading.Thread(target=self._serve, args=[caller], daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, caller.makefile("rwb", buffering=0) as line:
            self.open.wait()
            try:
                line.write(b"220 ready\r\n")
                while said := line.readline():
                    verb = said[:4].upper()
                    if verb == b"DATA":
                        line.write(b"354 go on\r\n")
                        self._keep(b"".join(iter(line.readline, b".\r\n")))
                    line.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            except OSError:  # the caller is gone
                return

    def _keep(self, mail: bytes) -> None:
        self.mails.append(mail.decode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    try:
        yield server
    finally:
        server.close()
