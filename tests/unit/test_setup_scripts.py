"""The two commands and the lock: syntax, pins, agreement with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted((ROOT / "scripts").iterdir()), ROOT / ".ci" / "run"]


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert all("==" in line for line in found), "every package is pinned"
    return {name_of(line): line.split("==")[1].split()[0] for line in found}


def wanted(*, dev: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = list(project["dependencies"])
    if dev:
        for extra in project.get("optional-dependencies", {}).values():
            names += extra
    return {name_of(it) for it in names}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111, f"chmod +x {script}"
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")


@pytest.mark.parametrize(
    ("lock", "dev"), [("requirements.lock", False), ("requirements-dev.lock", True)]
)
def test_the_lock_has_every_package(lock: str, dev: bool) -> None:
    lacking = wanted(dev=dev) - set(pins(lock))
    assert not lacking, f"scripts/lock pins them anew: {sorted(lacking)}"


def test_the_two_locks_agree() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_every_pin_has_a_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        chunks = re.split(r"\n(?=[A-Za-z0-9])", text)
        assert all("--hash=sha256:" in chunk for chunk in chunks if "==" in chunk)
