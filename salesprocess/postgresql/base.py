"""The name under which Django looks for a backend."""

from django.db.backends.base.base import NO_DB_ALIAS

from salesprocess.postgresql import ownership
from salesprocess.postgresql.patience import PatientDatabase


class DatabaseWrapper(PatientDatabase):
    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self.alias == NO_DB_ALIAS:  # only to make a database, or to drop one
            return
        try:
            ownership.check(self)
        except Exception:
            # The next query would find it open, and ask nothing any more.
            self.connection.close()
            self.connection = None
            raise
