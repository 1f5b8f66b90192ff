"""Signing in and out over HTTP (``/api/v1/session``): for pages, not for programs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hotline.accounts.passwords import MAX_LENGTH, Passwords
from hotline.accounts.records import Identity
from hotline.accounts.rights import ROLE_RIGHTS
from hotline.accounts.sessions import (
    Sessions,
    check_page,
    clear_cookie,
    session_of,
    set_cookie,
)

_FROM_A_BROWSER = ("sec-fetch-site", "origin")


class SignIn(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")

    staff_no: str = Field(max_length=40)
    password: str = Field(max_length=MAX_LENGTH, repr=False)


class NewPassword(SignIn):
    """A password changed by its owner, who shows the old one."""

    new_password: str = Field(max_length=MAX_LENGTH, repr=False)


def sign_in_router(
    passwords: Passwords,
    sessions: Sessions,
    identity: Callable[[Request], Awaitable[Identity]],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The router. Errors are told as everywhere in the API."""
    router = APIRouter(prefix="/api/v1/session", tags=["session"])

    async def _begin(request: Request, response: Response, person_id: str) -> None:
        new = await sessions.begin(person_id, now())
        set_cookie(response, new, sessions.span, secure=request.url.scheme == "https")

    @router.post("")
    async def sign_in(given: SignIn, request: Request, response: Response) -> dict[str, Any]:
        """Sign in; the cookie comes with the answer. 401: wrong; 429: locked for a while."""
        _check_browser(request)
        person_id, must_change = await passwords.check(given.staff_no, given.password, now())
        await _begin(request, response, person_id)
        return {"person_id": person_id, "must_change_password": must_change}

    @router.post("/password")
    async def change(given: NewPassword, request: Request, response: Response) -> dict[str, Any]:
        """Choose a new password; all other sessions of this person end."""
        _check_browser(request)
        person_id = await passwords.change(
            given.staff_no, given.password, given.new_password, now=now()
        )
        await _begin(request, response, person_id)
        return {"person_id": person_id, "must_change_password": False}

    @router.get("")
    async def who(known: Annotated[Identity, Depends(identity)]) -> dict[str, Any]:
        """Whoever is signed in, their roles and where they hold."""
        grants = [
            {"role": one.role.value, "institution": one.institution, "region": one.region}
            for one in known.actor.grants
        ]
        rights = {right.value for one in known.actor.grants for right in ROLE_RIGHTS[one.role]}
        return {
            "person_id": known.actor.person_id,
            "institution": known.actor.institution,
            "grants": grants,
            "rights": sorted(rights | {right.value for right in known.actor.rights}),
        }

    @router.delete("", status_code=204)
    async def sign_out(known: Annotated[Identity, Depends(identity)], response: Response) -> None:
        """End this session."""
        await sessions.end(session_of(known), now())
        clear_cookie(response)

    return router


def _check_browser(request: Request) -> None:
    """A form of another site must not sign its visitor in here."""
    if any(name in request.headers for name in _FROM_A_BROWSER):
        check_page(request.headers)
