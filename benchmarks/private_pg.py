"""A PostgreSQL server of one's own, for benchmarks and tests: on a Unix socket, gone afterwards."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

NEEDED = "needs PostgreSQL's server: sudo apt-get install postgresql"


@contextlib.contextmanager
def postgresql(*settings: str) -> Iterator[str]:
    """Address of a fresh cluster's maintenance database, durable unless ``settings`` say otherwise.

    ``settings``: as ``name=value``. Raises FileNotFoundError without Debian's ``postgresql``.
    """
    programs = _programs()
    if programs is None:
        raise FileNotFoundError(NEEDED)
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    given = ("listen_addresses=", f"unix_socket_directories={folder}", "max_connections=60")
    options = " ".join(f"-c {setting}" for setting in (*given, *settings))
    try:
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C", "-N")  # fmt: skip
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Folder of initdb and pg_ctl: Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    plain = shutil.which("initdb")
    return Path(plain).resolve().parent if plain else None


def _run(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root, so root runs it as Debian's ``postgres``."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")
