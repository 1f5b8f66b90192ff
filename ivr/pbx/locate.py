"""Where Asterisk is: on this machine, in a given folder, or in the cache we install into.

An Asterisk in a folder (a Debian tree unpacked below ``<cache_dir>/asterisk/``, or any chroot) is
started through that tree's own dynamic loader, so that it runs beside the machine's libraries
without root, chroot, namespaces or mounts, and sees the real file system
(docs/decisions/0002-asterisk-from-debian-sid.md).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hotline.errors import SetupError
from hotline.settings import Settings

Version = tuple[int, int, int]

MINIMUM: Version = (22, 8, 0)
"""First release of the 22 line with JSON control and ``transport_data`` for chan_websocket."""

MINIMUM_23: Version = (23, 2, 0)
"""The same for the 23 line."""

MEND = "hotline setup"


@dataclass(frozen=True, slots=True)
class Installation:
    """One usable Asterisk."""

    root: Path
    """``/`` for the machine's own, else the folder of the tree."""
    version: Version
    command: tuple[str, ...]
    """How to run it; options follow."""
    modules: Path
    """Folder of its loadable modules."""
    data: Path
    """Folder with its documentation (read at start by ARI and Stasis)."""
    env: dict[str, str] = field(default_factory=dict)
    """Variables it needs besides our own."""

    @property
    def version_text(self) -> str:
        """``22.10.1``."""
        return ".".join(str(part) for part in self.version)


def parse_version(text: str) -> Version | None:
    """Read ``asterisk -V``; None when it is no Asterisk version.

    >>> parse_version("Asterisk 22.10.1+dfsg+~cs6.17-1")
    (22, 10, 1)
    >>> parse_version("Asterisk certified/22.8-cert1")
    (22, 8, 0)
    """
    match = re.search(r"Asterisk\s+(?:certified/|certified-)?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        return None
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch or 0)


def is_new_enough(version: Version) -> bool:
    """Whether the media and ARI features we stand on are all there."""
    return version >= (MINIMUM_23 if version[0] == 23 else MINIMUM)


def cache_root(settings: Settings) -> Path:
    """Folder below which the Asterisk trees stand, one a version."""
    return settings.cache_dir / "asterisk"


def candidates(settings: Settings) -> Iterator[Installation]:
    """Every Asterisk found: the configured one alone, else the machine's, then the cache's."""
    if settings.pbx.root is not None:
        found = in_tree(settings.pbx.root)
        if found is not None:
            yield found
        return
    host = on_path()
    if host is not None:
        yield host
    trees = [in_tree(path) for path in sorted(cache_root(settings).glob("[0-9]*"))]
    yield from sorted(
        (tree for tree in trees if tree is not None), key=lambda it: it.version, reverse=True
    )


def find(settings: Settings) -> Installation | None:
    """The Asterisk to use, or None when there is none that is new enough."""
    return next((it for it in candidates(settings) if is_new_enough(it.version)), None)


def require(settings: Settings) -> Installation:
    """The Asterisk to use. Raises SetupError that says what was found and what mends it."""
    found = list(candidates(settings))
    for installation in found:
        if is_new_enough(installation.version):
            return installation
    if found:
        seen = ", ".join(f"{it.version_text} in {it.root}" for it in found)
        raise SetupError(
            f"Asterisk {MINIMUM[0]}.{MINIMUM[1]} or newer is needed, found {seen}: run `{MEND}`"
        )
    if settings.pbx.root is not None:
        raise SetupError(
            f"no Asterisk in {settings.pbx.root} (pbx.root): correct it, or run `{MEND}`"
        )
    raise SetupError(f"no Asterisk on this machine: run `{MEND}`")


def on_path() -> Installation | None:
    """The machine's own Asterisk."""
    binary = shutil.which("asterisk", path=_wide_path())
    if binary is None:
        return None
    version = _ask_version((binary,), {})
    modules = _first_dir(
        *sorted(Path("/usr/lib").glob("*-linux-gnu*/asterisk/modules")),
        Path("/usr/lib/asterisk/modules"),
        Path("/usr/lib64/asterisk/modules"),
        Path("/usr/local/lib/asterisk/modules"),
    )
    data = _first_with_documentation(Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))
    if version is None or modules is None or data is None:
        return None
    return Installation(Path("/"), version, (binary,), modules, data)


def in_tree(root: Path) -> Installation | None:
    """The Asterisk in a Debian tree, run by the tree's own loader; None when it is not usable."""
    root = root.absolute()
    binary = root / "usr/sbin/asterisk"
    libs = _first_dir(*sorted((root / "usr/lib").glob("*-linux-gnu*")))
    if libs is None or not binary.is_file():
        return None
    loader = next(iter(sorted(libs.glob("ld-linux*.so.*"))), None)
    modules = libs / "asterisk/modules"
    data = _first_with_documentation(root / "usr/share/asterisk", root / "var/lib/asterisk")
    if loader is None or data is None or not modules.is_dir():
        return None
    command = (str(loader), "--argv0", "asterisk", "--library-path", str(libs), str(binary))
    # OpenSSL and iconv have their folders built in; the machine's own would be of another version.
    env = {
        "OPENSSL_CONF": str(root / "etc/ssl/openssl.cnf"),
        "OPENSSL_MODULES": str(libs / "ossl-modules"),
        "GCONV_PATH": str(libs / "gconv"),
    }
    version = _ask_version(command, env)
    return None if version is None else Installation(root, version, command, modules, data, env)


def _ask_version(command: tuple[str, ...], env: dict[str, str]) -> Version | None:
    try:
        done = subprocess.run(
            [*command, "-V"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, **env},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout) if done.returncode == 0 else None


def _wide_path() -> str:
    """PATH and the folders of system programs, which an ordinary user's PATH often lacks."""
    return ":".join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def _first_dir(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_dir()), None)


def _first_with_documentation(*paths: Path) -> Path | None:
    return next((path for path in paths if (path / "documentation").is_dir()), None)
