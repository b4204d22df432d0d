"""How the pages are served; gunicorn reads this by itself. A proxy stands in front (docs/GUIDE.md):
it ends TLS and waits for slow clients, of whom a thread here would be held by each."""

import os

from gunicorn.http import wsgi

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
control_socket_disable = True

# What a request may announce of itself; how large a body may be stands in salesprocess/lib/uploads.py.
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# Seconds without a word from a worker; that for which an idle connection is kept for its next request.
timeout = 60
keepalive = 5
graceful_timeout = 30
# So many connections at once of a worker, waiting ones included; the others wait with the kernel.
worker_connections = 200


class NamelessResponse(wsgi.Response):  # type: ignore[misc]  # gunicorn ships no types
    """Tells nobody which server it is, so that nobody looks up what is wrong with it."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


wsgi.Response = NamelessResponse
