import contextlib
import os

from django.core.wsgi import get_wsgi_application

from salesprocess.lib.migrations import migrations

os.environ["SEVEN_WORK"] = "page"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")
application = get_wsgi_application()
# So that not the first who asks waits until they are read.
migrations()

from django.db import OperationalError, connection  # noqa: E402  # needs the settings

# A database that must not be worked in is refused now, and not page by page. One that is just away
# is waited for: it is asked again at each connection.
with contextlib.suppress(OperationalError):
    connection.ensure_connection()
connection.close()
