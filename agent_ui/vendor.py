"""The pages' libraries, bundled once by the set-up from packages pinned by hash.

``front/package-lock.json`` pins every package; esbuild (one of them) makes one module of each file
in ``front/entries``. The result lies in ``<cache_dir>/pages/<stamp>``, where the stamp is the hash
of what it is made from, and is served by the hotline itself: no page loads anything from elsewhere.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from hotline.errors import SetupError

FRONT = Path(__file__).parent / "front"
_SOURCES = ("package.json", "package-lock.json")
_LIMIT_S = 600


def stamp() -> str:
    """Hash of everything the bundles are made from."""
    seen = hashlib.sha256()
    for path in (*(FRONT / name for name in _SOURCES), *sorted((FRONT / "entries").glob("*.js"))):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


def folder(cache_dir: Path) -> Path:
    """Where the bundles lie, made or not."""
    return cache_dir / "pages" / stamp()


def wanted() -> list[str]:
    """Names of the bundles."""
    return sorted(path.name for path in (FRONT / "entries").glob("*.js"))


def missing(cache_dir: Path) -> list[str]:
    """Bundles that are not there."""
    return [name for name in wanted() if not (folder(cache_dir) / name).is_file()]


def build(cache_dir: Path) -> None:
    """Make the bundles. Raises SetupError, saying what to do."""
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError("npm is missing: apt-get install -y npm, then: hotline setup --only pages")
    target = folder(cache_dir)
    with tempfile.TemporaryDirectory(prefix="hotline-pages-") as name:
        work = Path(name)
        for source in _SOURCES:
            shutil.copy(FRONT / source, work)
        shutil.copytree(FRONT / "entries", work / "entries")
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], work)
        made = work / "made"
        esbuild = [str(work / "node_modules" / ".bin" / "esbuild")]
        esbuild += [f"entries/{path.name}" for path in sorted((work / "entries").glob("*.js"))]
        options = ("--bundle", "--format=esm", "--minify", "--target=es2022", "--outdir=made")
        _run([*esbuild, *options, "--legal-comments=linked"], work)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)


def _run(command: list[str], where: Path) -> None:
    try:
        subprocess.run(
            command, cwd=where, check=True, capture_output=True, text=True, timeout=_LIMIT_S
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:]
        raise SetupError(
            f"the pages' libraries could not be made ({' '.join(last) or error.returncode}); "
            "check the connection to the npm registry, then: hotline setup --only pages"
        ) from None
    except subprocess.TimeoutExpired:
        raise SetupError("npm did not end in 10 minutes: check the connection") from None
