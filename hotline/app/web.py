"""Our HTTP server: health, readiness and metrics now; the pages of other rooms are mounted here."""

import asyncio
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Response

from hotline import __version__, metrics
from hotline.app import api
from hotline.errors import SetupError
from ivr.ari import LinkState

if TYPE_CHECKING:
    from hotline.app.house import House


def build(house: "House") -> FastAPI:
    """The application with every room's router mounted."""
    app = FastAPI(
        title="hotline-12348",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, Any]:
        ari = house.ari.state is LinkState.READY
        draining = house.manager.draining
        if not ari or draining:
            response.status_code = 503
        return {
            "ready": ari and not draining,
            "ari": house.ari.state.value,
            "draining": draining,
            "speech": house.pool.choice.name if house.pool.hears else None,
            "voice": house.voice.engine,
            "calls": house.manager.live,
        }

    @app.get("/metrics")
    def prometheus() -> Response:
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)

    api.install(app)
    house.dispatching.mount(app)
    house.desking.mount(app)
    return app


class Server:
    """uvicorn inside our event loop, without its own signal handlers."""

    def __init__(self, house: "House") -> None:
        web = house.settings.web
        self._address = f"{web.host}:{web.port}"
        config = uvicorn.Config(
            build(house), host=web.host, port=web.port, log_config=None, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises SetupError when the port is taken."""
        self._task = asyncio.create_task(self._serve(), name="web")
        while not self._server.started:
            if self._task.done():
                raise SetupError(
                    f"{self._address} is taken: end the other program, or set HOTLINE_WEB__PORT"
                )
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        # uvicorn ends the process on a taken port; here that is only this task's end.
        try:
            await self._server._serve()
        except SystemExit:
            return
