import os
from pathlib import Path

KEY = "k9-Vx3qLr0TzB7wYc2NdGh5JmPs8UaEf1RiQoWtXvZyKlHjMn64"


def environment(static: Path) -> dict[str, str]:
    """What a production process is given; database and broker are those of the test run."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": KEY,
        "SITE_URL": "https://crm.example.com",
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        "STATIC_ROOT": str(static),
    }
