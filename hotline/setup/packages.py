"""Debian packages of the machine we use, and the one line that installs what is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import SetupError
from hotline.setup.doctor import Finding
from hotline.setup.steps import Report, Step


@dataclass(frozen=True, slots=True)
class Package:
    """One Debian package, known by a program it brings."""

    name: str
    program: str
    why: str
    needed: bool
    """Whether ``hotline demo`` and ``up`` need it (else: tests, or a poorer voice)."""


RUN_PACKAGES = (Package("espeak-ng", "espeak-ng", "last resort of the voice", False),)
"""What running the hotline may use."""

PACKAGES = (
    *RUN_PACKAGES,
    Package("sip-tester", "sipp", "places the calls of the tests", False),
    Package("postgresql", "postgres", "database for several nodes, and its tests", False),
    Package("nats-server", "nats-server", "events between nodes, and their tests", False),
    Package("chromium", "chromium", "the browser of the tests", False),
)
"""All of them, those of the tests too. Asterisk needs none: apt and dpkg unpack it."""


def present(program: str) -> bool:
    """Whether a program is on this machine, also where an ordinary user's PATH does not look."""
    places = "/usr/local/sbin:/usr/sbin:/sbin"
    if shutil.which(program) or shutil.which(program, path=places):
        return True
    return program == "postgres" and any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def missing(packages: Sequence[Package] = PACKAGES) -> list[Package]:
    """Packages whose program is not there."""
    return [package for package in packages if not present(package.program)]


def install_line(packages: Sequence[Package]) -> str:
    """The command an administrator types."""
    return f"apt-get install -y --no-install-recommends {' '.join(it.name for it in packages)}"


def sudo_line(packages: Sequence[Package]) -> str:
    """The same for an ordinary user, in one line."""
    return f"sudo sh -c 'apt-get update && {install_line(packages)}'"


def packages_step(packages: Sequence[Package] = RUN_PACKAGES) -> Step:
    """Install what is missing (as root); optional as a whole, since the demo runs without."""
    needed = any(package.needed for package in packages)
    return Step(
        name="packages",
        name_zh="系统软件包",
        done=lambda: not missing(packages),
        run=_installer(packages),
        fix=sudo_line(missing(packages) or packages),
        needs_root=True,
        optional=not needed,
    )


def check_packages(packages: Sequence[Package] = PACKAGES) -> list[Finding]:
    """One finding a package."""
    findings = []
    for package in packages:
        there = present(package.program)
        detail = f"{package.program} ({package.why})"
        findings.append(
            Finding(
                f"package {package.name}",
                there,
                detail if there else f"missing: {detail}",
                "" if there else sudo_line([package]),
                package.needed,
            )
        )
    return findings


def _installer(packages: Sequence[Package]) -> Callable[[Report], None]:
    def run(report: Report) -> None:
        lacking = missing(packages)
        report(0.05, " ".join(package.name for package in lacking))
        for command in ("apt-get update", install_line(lacking)):
            done = subprocess.run(
                ["/bin/sh", "-c", f"DEBIAN_FRONTEND=noninteractive {command}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise SetupError(f"`{command}` failed: {last[:300]}")
        report(1.0, "")

    return run


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """``python -m hotline.setup.packages``: install what is missing, or print the one line."""
    lacking = missing()
    if not lacking:
        _say("✓ 系统软件包")
        return 0
    if os.geteuid() != 0:
        _say("缺少系统软件包（相关测试会跳过），管理员可执行这一行:")
        _say(f"  {sudo_line(lacking)}")
        return 0
    _say(f"安装系统软件包: {' '.join(package.name for package in lacking)}")
    try:
        _installer(PACKAGES)(lambda _share, _word: None)
    except SetupError as error:
        _say(f"! {error}")
        return 1
    _say("✓ 系统软件包")
    return 0


if __name__ == "__main__":
    sys.exit(main())
