"""Secrets nobody chose: made once, kept in ``<data_dir>/secrets.toml`` (mode 600)."""

import os
import secrets
import tomllib
from pathlib import Path

MADE = (("pbx", "ari_password"), ("hub", "secret"))
"""Settings (group, name) that get a made secret when nothing else gives one."""

LENGTH = 32
"""Random bytes in one secret."""


def secrets_path(data_dir: Path) -> Path:
    """Where the made secrets are; ``load_settings`` reads them below everything else."""
    return data_dir / "secrets.toml"


def missing(data_dir: Path) -> list[str]:
    """Names of the secrets not made yet, as ``pbx.ari_password``."""
    known = _read(secrets_path(data_dir))
    return [f"{group}.{name}" for group, name in MADE if not known.get(group, {}).get(name)]


def ensure_secrets(data_dir: Path) -> list[str]:
    """Make what is missing and return its names; what is there stays as it is.

    The file is written whole or not at all, with mode 600; a wider mode is narrowed.
    """
    path = secrets_path(data_dir)
    made = missing(data_dir)
    if path.is_file():
        path.chmod(0o600)
    if not made:
        return []
    data_dir.mkdir(parents=True, exist_ok=True)
    known = _read(path)
    for group, name in MADE:
        if not known.get(group, {}).get(name):
            known.setdefault(group, {})[name] = secrets.token_urlsafe(LENGTH)
    _write(path, known)
    return made


def _read(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, known: dict[str, dict[str, str]]) -> None:
    lines = ["# Made by `hotline setup`. Keep it secret, keep a copy: it cannot be made again."]
    for group, values in known.items():
        lines.append(f"\n[{group}]")
        lines += [f'{name} = "{value}"' for name, value in values.items()]
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
