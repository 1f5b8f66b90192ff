"""Runs the reference hub in a process of its own."""

from collections.abc import Mapping
from pathlib import Path

import uvicorn

from dispatch.reference_hub.app import create_app
from dispatch.reference_hub.faults import FaultMiddleware
from dispatch.reference_hub.outgoing import Door
from dispatch.reference_hub.store import HubStore


def run(
    host: str,
    port: int,
    db_path: Path,
    keys: Mapping[str, str],
    *,
    faults: bool = False,
    door: Door | None = None,
    key_id: str | None = None,
    cert: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    ``keys``: secrets by key id. ``faults`` turns on ``/control/...``. ``door``: where the hub's
    own messages go, None: nowhere. ``key_id``: signs answers. ``cert``, ``key``: PEM files for TLS.
    """
    store = HubStore(db_path)
    try:
        app = create_app(store, keys, faults=faults, door=door, key_id=key_id)
        # outermost: a cut connection is cut below what the framework wraps around its requests
        served = FaultMiddleware(app, app.state.faults) if faults else app
        uvicorn.run(
            served,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            ssl_certfile=cert,
            ssl_keyfile=key,
        )
    finally:
        store.close()
