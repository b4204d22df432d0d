"""What `check --deploy` says of this installation beside what Django asks itself."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import OperationalError, connection

from salesprocess.postgresql.ownership import RefusedDatabase


@register(Tags.security, deploy=True)
def check_database(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Whether production may work in its database, and with that role: both are asked anew at each
    connection."""
    try:
        connection.close()
        connection.ensure_connection()
    except RefusedDatabase as refused:
        return [Error(str(refused), id="seven.E001")]
    except OperationalError as error:
        words = f"The database cannot be reached, so that its role was not judged: {error}"
        return [Warning(words, id="seven.W001")]
    finally:
        connection.close()
    return []
