"""What `check --deploy` says of this installation beside what Django asks itself."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.db import OperationalError, connection

from salesprocess.lib import malware
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


@register(Tags.security, deploy=True)
def check_transport(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Whether what goes to other machines is encrypted, and to nobody but whom it is meant for."""
    found: list[CheckMessage] = []
    database = settings.DATABASES["default"]
    if not _is_here(database["HOST"]) and database["OPTIONS"].get("sslmode") != "verify-full":
        words = (
            "DATABASE_URL speaks to another host without ?sslmode=verify-full (and sslrootcert)."
        )
        found.append(Warning(words, hint=_HINT, id="seven.W002"))
    broker = urlsplit(settings.REDIS_URL)
    if broker.scheme == "redis" and not _is_here(broker.hostname or ""):
        words = "REDIS_URL speaks to another host in the clear: use rediss://."
        found.append(Warning(words, hint=_HINT, id="seven.W003"))
    plain = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    if plain and not _is_here(settings.EMAIL_HOST):
        words = "EMAIL_URL speaks to another host in the clear: use submission://."
        found.append(Warning(words, hint=_HINT, id="seven.W004"))
    if not _is_here(urlsplit(settings.UPLOAD_SCANNER).hostname or ""):
        words = "UPLOAD_SCANNER is on another host: what people upload goes there in the clear."
        found.append(Warning(words, hint=_HINT, id="seven.W005"))
    return found


@register(Tags.security, deploy=True)
def check_scanner(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Whether files that people upload are scanned for malware."""
    if not settings.UPLOAD_SCANNER:
        words = (
            "Files that people upload are not scanned for malware: UPLOAD_SCANNER names no clamd."
        )
        return [Info(words, id="seven.I001")]
    if not malware.is_there():
        words = "The clamd of UPLOAD_SCANNER does not answer: no file is taken until it does."
        return [Warning(words, id="seven.W006")]
    return []


_HINT = "Where that is a network of the installation's own, name the host in PLAIN_HOSTS."


def _is_here(host: str) -> bool:
    """This machine, by a socket or by itself, or a part that is meant to be spoken to in the clear."""
    return host in {"", "localhost", "127.0.0.1", "::1", *settings.PLAIN_HOSTS} or host[0] in "/@"
