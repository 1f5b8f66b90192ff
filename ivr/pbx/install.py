"""Install Asterisk from Debian sid into the cache, without root.

The packages are fetched by the machine's own ``apt-get`` with a state folder of its own (signatures
are checked with Debian's keyring) and unpacked, not configured: ``dpkg-deb -x`` needs neither root
nor a namespace. Where there is no apt, Docker builds the same tree. The work is done in
``*.partial`` and renamed at the end, so that a tree in the cache is always whole; what was fetched
before an interruption is not fetched again.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from hotline.errors import SetupError
from hotline.settings import Settings
from ivr.pbx.locate import Installation, cache_root, find, in_tree, is_new_enough, require

log = structlog.get_logger(__name__)

Progress = Callable[[float, str], None]
"""Told how much is done (0 to 1) and what is being done."""

MIRROR = "http://deb.debian.org/debian"
SUITE = "sid"
PACKAGES = ("asterisk",)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
IMAGE = "debian:sid-slim"
DISK_BYTES = 900_000_000
"""Room an installation needs while it is made (the tree itself: 270 MB)."""

LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
"""A Debian tree of today has its programs below ``usr`` only."""


def ensure(settings: Settings, progress: Progress | None = None) -> Installation:
    """Return the Asterisk to use; install it first when there is none that is new enough.

    A folder given in ``pbx.root`` is taken or refused, never installed into.
    """
    if settings.pbx.root is not None:
        return require(settings)
    return find(settings) or install(settings, progress)


def install(settings: Settings, progress: Progress | None = None) -> Installation:
    """Fetch and unpack Asterisk into ``<cache_dir>/asterisk/<version>``.

    Raises SetupError that says which command failed with its last line, or what is missing.
    """
    tell = progress or (lambda _done, _text: None)
    base = cache_root(settings)
    base.mkdir(parents=True, exist_ok=True)
    _need_room(base)
    with (base / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another checkout may have installed it while we waited.
        return _newest(base) or _build(base, tell)


def _newest(base: Path) -> Installation | None:
    trees = (in_tree(path) for path in base.glob("[0-9]*"))
    usable = (tree for tree in trees if tree is not None and is_new_enough(tree.version))
    return max(usable, key=lambda it: it.version, default=None)


def _build(base: Path, tell: Progress) -> Installation:
    partial = base / f"{SUITE}.partial"
    tree = partial / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    if shutil.which("apt-get") and shutil.which("dpkg-deb") and KEYRING.is_file():
        _from_packages(partial, tree, tell)
    elif shutil.which("docker"):
        _from_image(tree, tell)
    else:
        raise SetupError(
            "Asterisk cannot be installed here: neither apt with debian-archive-keyring nor docker "
            "is there. Install one of them, or an Asterisk >= 22.8 of your own and set pbx.root"
        )
    return _take_in(base, partial, tree, tell)


def _need_room(base: Path) -> None:
    free = shutil.disk_usage(base).free
    if free < DISK_BYTES:
        raise SetupError(
            f"{base} has {free // 1_000_000} MB free and installing Asterisk needs "
            f"{DISK_BYTES // 1_000_000} MB: make room or set cache_dir"
        )


def _take_in(base: Path, partial: Path, tree: Path, tell: Progress) -> Installation:
    found = in_tree(tree)
    if found is None:
        raise SetupError(f"the Asterisk unpacked in {tree} does not run on this machine")
    if not is_new_enough(found.version):
        raise SetupError(f"Debian {SUITE} gave Asterisk {found.version_text}, which is too old")
    final = base / found.version_text
    if final.exists():
        shutil.rmtree(final)
    tree.rename(final)
    shutil.rmtree(partial, ignore_errors=True)
    tell(1.0, f"Asterisk {found.version_text}")
    log.info("asterisk installed", version=found.version_text, folder=str(final))
    installed = in_tree(final)
    if installed is None:
        raise SetupError(f"the Asterisk in {final} does not run")
    return installed


def apt_configuration(state: Path, proxies: str = "") -> dict[Path, str]:
    """Files of an apt that knows Debian sid only; of this machine's it has ``proxies`` alone."""
    sources = f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n"
    configuration = f"""\
Dir "{state}";
Dir::State "{state}/state";
Dir::State::status "{state}/state/status";
Dir::Cache "{state}/cache";
Dir::Etc "{state}/etc";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "5";
APT::Install-Recommends "false";
APT::Sandbox::User "";
{proxies}"""
    return {
        state / "apt.conf": configuration,
        state / "etc/sources.list": sources,
        state / "state/status": "",
        state / "etc/apt.conf.d/.keep": "",
        state / "etc/preferences.d/.keep": "",
        state / "state/lists/partial/.keep": "",
        state / "cache/archives/partial/.keep": "",
    }


def _machine_proxies() -> str:
    """How this machine's apt reaches the network, as lines of apt's configuration."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    lines = dump.stdout.splitlines()
    return "".join(f"{line}\n" for line in lines if re.match(r"Acquire::https?::Proxy", line))


def _from_packages(partial: Path, tree: Path, tell: Progress) -> None:
    state = partial / "apt"
    for path, text in apt_configuration(state, _machine_proxies()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    env = {**os.environ, "APT_CONFIG": str(state / "apt.conf"), "LC_ALL": "C"}
    tell(0.02, f"reading the list of Debian {SUITE}")
    _run(["apt-get", "-q", "update"], env)
    tell(0.15, "fetching packages")
    _run(["apt-get", "-q", "-y", "--download-only", "install", *PACKAGES], env)
    packages = sorted((state / "cache/archives").glob("*.deb"))
    for name, target in LINKS.items():
        (tree / target).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(target)
    for number, package in enumerate(packages):
        tell(0.4 + 0.58 * number / len(packages), f"unpacking {package.name.split('_')[0]}")
        _run(["dpkg-deb", "-x", str(package), str(tree)], env)


def _from_image(tree: Path, tell: Progress) -> None:
    """Let Docker install the package in Debian's image and copy its file system out."""
    tell(0.05, "building with Docker")
    update = "apt-get -o Acquire::Check-Valid-Until=false"
    script = (
        f"{update} update && DEBIAN_FRONTEND=noninteractive {update} install -y "
        f"--no-install-recommends {' '.join(PACKAGES)}"
    )
    with tempfile.TemporaryDirectory(dir=tree.parent) as scratch:
        number = Path(scratch) / "container"
        _run(["docker", "run", f"--cidfile={number}", IMAGE, "sh", "-c", script], dict(os.environ))
        container = number.read_text(encoding="utf-8").strip()
        archive = Path(scratch) / "tree.tar"
        try:
            tell(0.7, "copying out of Docker")
            _run(["docker", "export", "-o", str(archive), container], dict(os.environ))
        finally:
            subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=False)
        _run(["tar", "-xf", str(archive), "-C", str(tree), "--exclude=dev/*"], dict(os.environ))


def _run(command: Sequence[str], env: dict[str, str]) -> None:
    done = subprocess.run(
        list(command),
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        last = next((line for line in lines if line.startswith("E:")), lines[-1] if lines else "")
        raise SetupError(
            f"`{' '.join(command[:4])}` failed while installing Asterisk: {last[:300]}"
        )
