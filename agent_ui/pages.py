"""The pages themselves: files of ours and the bundled libraries, under a strict policy.

Nothing is loaded from elsewhere, no script stands in the page's text, and nobody may frame it.
"""

import functools
import gzip
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from agent_ui import vendor

WEB = Path(__file__).parent / "web"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
PAGES = {"desk": "desk.html", "wall": "wall.html"}


def policy(sip: str) -> str:
    """The Content-Security-Policy; ``sip``: origin of Asterisk's WebSocket."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {sip}; media-src 'self' blob:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def pages_router(cache_dir: Path, sip_origin: str) -> APIRouter:
    """``/desk`` for agents, ``/wall`` for supervisors, and what they load."""
    router = APIRouter(include_in_schema=False)
    headers = {
        "Content-Security-Policy": policy(sip_origin),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cache-Control": "no-cache",
    }

    def send(path: Path, request: Request) -> Response:
        if not path.is_file():
            raise HTTPException(404)
        told = {**headers, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = _packed(path, path.stat().st_mtime_ns)
            told["Content-Encoding"] = "gzip"
        else:
            content = path.read_bytes()
        return Response(content, media_type=_TYPES[path.suffix], headers=told)

    @router.get("/")
    def start() -> Response:
        return RedirectResponse("/desk")

    @router.get("/{page}")
    def page(page: str, request: Request) -> Response:
        if page not in PAGES:
            raise HTTPException(404)
        return send(WEB / PAGES[page], request)

    @router.get("/web/{name}")
    def file(name: str, request: Request) -> Response:
        # only what lies there by name: no path can lead out of the folder
        found = {path.name: path for path in WEB.iterdir() if path.suffix in _TYPES}
        if name not in found:
            raise HTTPException(404)
        return send(found[name], request)

    @router.get("/vendor/{name}")
    def library(name: str, request: Request) -> Response:
        made = {*vendor.wanted(), *(f"{one}.LEGAL.txt" for one in vendor.wanted())}
        if name not in made:
            raise HTTPException(404)
        return send(vendor.folder(cache_dir) / name, request)

    return router


@functools.lru_cache(maxsize=64)
def _packed(path: Path, stamp: int) -> bytes:
    """A file packed, once for each state of it (``stamp``: when it was changed)."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)
