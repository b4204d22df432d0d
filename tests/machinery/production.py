import os
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from salesprocess import embedded

KEY = "k9-Vx3qLr0TzB7wYc2NdGh5JmPs8UaEf1RiQoWtXvZyKlHjMn64"
NAME = "seven_production"


def database_url() -> str:
    """A database on the server of the test run, owned by a role of its own."""
    server = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        return embedded.own_database(connection, NAME)


def environment(static: Path) -> dict[str, str]:
    """What a production process is given; the servers are those of the test run."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": KEY,
        "SITE_URL": "https://crm.example.com",
        "DATABASE_URL": database_url(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "STATIC_ROOT": str(static),
    }
