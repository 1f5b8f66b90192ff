"""``docs/hub-openapi.json`` (what the hub serves) and ``docs/hub-callback-openapi.json`` (what we
serve to it), made from the routers and models: ``python -m dispatch.hub.openapi``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

from fastapi import FastAPI
from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from dispatch.hub.http import PATH as OUR_PATH
from dispatch.hub.http import hub_router
from dispatch.hub.models import FROM_HUB, TO_HUB, AnchorIn, Frame
from dispatch.hub.receiving import HubInbox
from dispatch.hub.signing import (
    IDEMPOTENCY_HEADER,
    KEY_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
)
from dispatch.reference_hub.app import create_app
from dispatch.reference_hub.store import HubStore

DOCS = Path(__file__).resolve().parents[2] / "docs"
HUB_PAGE = DOCS / "hub-openapi.json"
CALLBACK_PAGE = DOCS / "hub-callback-openapi.json"
_REF = "#/components/schemas/{model}"
_HEADERS = {
    KEY_HEADER: "id of the signing key",
    TIME_HEADER: "Unix time in whole seconds",
    NONCE_HEADER: "16 to 64 characters, never used twice",
    SIGNATURE_HEADER: "hmac-sha256= or hmac-sm3= and 64 hex digits (docs/hub-protocol.md)",
}


def hub_page() -> dict[str, Any]:
    """What the hub serves."""
    with TemporaryDirectory() as folder:
        store = HubStore(Path(folder) / "hub.db")
        try:
            page = create_app(store, {"k1": "never used to sign"}).openapi()
        finally:
            store.close()
    messages = _models(TO_HUB, "ToHub")
    _body(page, "/api/v1/messages", messages)
    _body(page, "/api/v1/anchors", [AnchorIn])
    return _signed(page, keyed=("/api/v1/messages",))


def callback_page() -> dict[str, Any]:
    """What we serve to the hub."""
    app = FastAPI(title="The hotline, as the hub sees it", version="1")
    app.include_router(hub_router(cast(HubInbox, None)))  # never called: only described
    page = app.openapi()
    _body(
        page, OUR_PATH, _models({kind: model for kind, (_, model) in FROM_HUB.items()}, "FromHub")
    )
    return _signed(page, keyed=(OUR_PATH,))


def text(page: Mapping[str, Any]) -> str:
    """A page as it is kept."""
    return json.dumps(page, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _models(kinds: Mapping[str, type[BaseModel] | None], prefix: str) -> list[type[BaseModel]]:
    """One model a kind: the frame with its ``message`` and ``order``."""
    made: list[type[BaseModel]] = []
    for kind, model in kinds.items():
        name = prefix + kind.removeprefix("order.").title()
        order: Any = (model, ...) if model is not None else (None, None)
        fields: dict[str, Any] = {"message": (Literal[kind], ...), "order": order}
        made.append(create_model(name, __base__=Frame, **fields))
    return made


def _body(page: dict[str, Any], path: str, models: list[type[BaseModel]]) -> None:
    refs, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF
    )
    page.setdefault("components", {}).setdefault("schemas", {}).update(schema.get("$defs", {}))
    choices = [refs[(model, "validation")] for model in models]
    one: dict[str, Any] = choices[0] if len(choices) == 1 else {"oneOf": choices}
    page["paths"][path]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": one}},
    }


def _signed(page: dict[str, Any], *, keyed: tuple[str, ...]) -> dict[str, Any]:
    """The headers every request carries."""
    for path, methods in page["paths"].items():
        headers = dict(_HEADERS)
        if path in keyed:
            headers[IDEMPOTENCY_HEADER] = "<order_no>-<seq>, the same in every attempt"
        for method in methods.values():
            method.setdefault("parameters", []).extend(
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": about,
                    "schema": {"type": "string"},
                }
                for name, about in headers.items()
            )
            if "503" in method["responses"]:
                method["responses"]["503"]["headers"] = {
                    "Retry-After": {"schema": {"type": "integer"}, "description": "seconds to wait"}
                }
    return page


if __name__ == "__main__":
    HUB_PAGE.write_text(text(hub_page()), encoding="utf-8")
    CALLBACK_PAGE.write_text(text(callback_page()), encoding="utf-8")
