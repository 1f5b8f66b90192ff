"""Finding an Asterisk that is new enough, and saying what is wrong otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest

from hotline.errors import SetupError
from hotline.settings import PbxSettings, Settings
from ivr.pbx import install, locate
from ivr.pbx.locate import in_tree, require

pytestmark = pytest.mark.contract


def tree(root: Path, version: str) -> Path:
    """A folder that looks like a Debian tree; its loader is a script that tells a version."""
    libs = root / "usr/lib/x86_64-linux-gnu"
    (libs / "asterisk/modules").mkdir(parents=True)
    (root / "usr/share/asterisk/documentation").mkdir(parents=True)
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/asterisk").touch()
    loader = libs / "ld-linux-x86-64.so.2"
    loader.write_text(f"#!/bin/sh\necho Asterisk {version}\n", encoding="ascii")
    loader.chmod(0o755)
    return root


@pytest.fixture
def no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "on_path", lambda: None)


def settings(cache: Path, root: Path | None = None) -> Settings:
    return Settings(cache_dir=cache, pbx=PbxSettings(root=root))


@pytest.mark.usefixtures("no_host")
def test_the_newest_of_the_cache(tmp_path: Path) -> None:
    for version in ("22.9.0", "22.10.1", "20.1.0"):
        tree(tmp_path / "asterisk" / version, version)
    tree(tmp_path / "asterisk" / "sid.partial", "99.0.0")
    found = require(settings(tmp_path))
    assert found.version == (22, 10, 1)
    assert found.command[0].endswith("ld-linux-x86-64.so.2")


def test_a_given_folder_comes_before_everything(tmp_path: Path) -> None:
    mine = tree(tmp_path / "mine", "22.8.3")
    tree(tmp_path / "cache/asterisk/22.10.1", "22.10.1")
    assert require(settings(tmp_path / "cache", mine)).root == mine
    assert install.ensure(settings(tmp_path / "cache", mine)).root == mine


def test_too_old_says_what_was_found(tmp_path: Path) -> None:
    old = tree(tmp_path / "old", "20.4.0")
    with pytest.raises(SetupError, match=r"22\.8 or newer is needed, found 20\.4\.0"):
        require(settings(tmp_path, old))


@pytest.mark.usefixtures("no_host")
def test_nothing_says_the_command(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="hotline setup"):
        require(settings(tmp_path))
    with pytest.raises(SetupError, match=r"pbx\.root"):
        require(settings(tmp_path, tmp_path / "nothing"))


def test_half_a_tree_is_none(tmp_path: Path) -> None:
    root = tree(tmp_path / "half", "22.10.1")
    (root / "usr/sbin/asterisk").unlink()
    assert in_tree(root) is None


def programs(folder: Path, **scripts: str) -> str:
    """A PATH of our own programs and of the plain ones they stand on."""
    folder.mkdir()
    for name, body in scripts.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
        program.chmod(0o755)
    for name in ("sh", "tar", "mkdir", "cp", "cat", "gzip"):
        found = next(p for p in ("/bin", "/usr/bin") if Path(p, name).exists())
        (folder / name).symlink_to(Path(found, name))
    return str(folder)


@pytest.mark.usefixtures("no_host")
def test_docker_where_there_is_no_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the engine exports a tree; what we do with it is ours."""
    image = tree(tmp_path / "image", "22.10.1")
    docker = f"""
case $1 in
  run) for a; do case $a in --cidfile=*) echo c1 >"${{a#--cidfile=}}";; esac; done;;
  export) tar -cf "$3" -C {image} .;;
  rm) echo removed >{tmp_path}/removed;;
esac"""
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", docker=docker))
    told: list[float] = []
    found = install.ensure(settings(tmp_path / "cache"), lambda share, _word: told.append(share))
    assert found.version == (22, 10, 1)
    assert found.root == tmp_path / "cache/asterisk/22.10.1"
    assert (tmp_path / "removed").exists()
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.usefixtures("no_host")
def test_neither_apt_nor_docker_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin"))
    with pytest.raises(SetupError, match="neither apt"):
        install.install(settings(tmp_path / "cache"))


@pytest.mark.usefixtures("no_host")
@pytest.mark.skipif(not install.KEYRING.is_file(), reason="needs debian-archive-keyring")
def test_a_failing_apt_is_told_with_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing half is left where the next run would take it for whole."""
    failing = "echo 'E: Could not resolve deb.debian.org' >&2; exit 100"
    path = programs(tmp_path / "bin", apt_get=failing, dpkg_deb="exit 0", apt_config="exit 0")
    monkeypatch.setenv("PATH", path)
    with pytest.raises(SetupError, match="Could not resolve"):
        install.install(settings(tmp_path / "cache"))
    assert locate.find(settings(tmp_path / "cache")) is None


def test_no_room_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "DISK_BYTES", 10**18)
    with pytest.raises(SetupError, match="make room"):
        install.install(settings(tmp_path))
    assert list((tmp_path / "asterisk").iterdir()) == []


def test_configuration_for_an_asterisk_elsewhere(tmp_path: Path) -> None:
    """What the containers do: this side writes, the other runs."""
    done = subprocess.run(
        [sys.executable, "-m", "ivr.pbx", "--modules", "/elsewhere", "--data", "/data"],
        env={
            "HOTLINE_DATA_DIR": str(tmp_path),
            "HOTLINE_PBX__ARI_PASSWORD": "x" * 20,
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    written = Path(done.stdout.strip())
    assert written == tmp_path / "pbx/etc"
    assert "astmoddir = /elsewhere" in (written / "asterisk.conf").read_text(encoding="utf-8")
