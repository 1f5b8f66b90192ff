"""For other systems to read: ``/api/v1/codes`` and ``/api/v1/institutions``."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from hotline.accounts.http import Gate
from hotline.accounts.institutions import Institutions
from hotline.domain.people import Actor, Institution
from hotline.domain.standard import VERSION, CodeTable
from hotline.errors import NotFoundError
from hotline.exchange.cells import plain
from hotline.exchange.fields import INSTITUTIONS
from hotline.exchange.standard import table_json


class TableNotFoundError(NotFoundError):
    """There is no such code table."""

    code = "code-table-not-found"


def router(gate: Gate, institutions: Institutions, tables: Mapping[str, CodeTable]) -> APIRouter:
    """The router; whoever shows a key may read. Errors are told by ``install_errors``."""
    api = APIRouter(prefix="/api/v1", tags=["codes"])
    known = Depends(gate)

    @api.get("/codes")
    async def codes(actor: Annotated[Actor, known]) -> dict[str, Any]:
        named = [{"id": table.id, "name": table.name} for table in tables.values()]
        return {"version": VERSION, "tables": named}

    @api.get("/codes/{table}")
    async def one_table(table: str, actor: Annotated[Actor, known]) -> dict[str, Any]:
        if table not in tables:
            raise TableNotFoundError("没有这个代码表，请查 /api/v1/codes")
        return {"version": VERSION, **table_json(tables[table])}

    @api.get("/institutions")
    async def listed(
        actor: Annotated[Actor, known],
        region: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
        active: bool | None = True,
    ) -> dict[str, Any]:
        found = await institutions.listed(region=region, active=active)
        return {"institutions": [_json(one) for one in found]}

    @api.get("/institutions/{code}")
    async def one_institution(code: str, actor: Annotated[Actor, known]) -> dict[str, Any]:
        return _json(await institutions.get(code))

    return api


def _json(institution: Institution) -> dict[str, Any]:
    return {
        field.name: plain(field, getattr(institution, field.name)) for field in INSTITUTIONS.fields
    }
