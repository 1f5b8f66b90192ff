"""Sessions of browsers: a cookie of 256 random bits, its hash kept, ended from either side.

The cookie is HttpOnly, SameSite=Strict and, over https, Secure with the ``__Host-`` prefix. What
changes something is taken from our own pages only: browsers say where a request comes from
(Sec-Fetch-Site, else Origin), and a page cannot lie about it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fastapi import Request, Response
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.errors import (
    AccessError,
    ForeignPageError,
    PasswordDueError,
    PersonNotFoundError,
    SessionOverError,
)
from hotline.accounts.people import actor_of
from hotline.accounts.records import Identity
from hotline.db import Database
from hotline.db.desk_tables import PasswordRow, SessionRow
from hotline.domain.codes import Terminal
from hotline.ids import new_id
from hotline.settings_desk import AccountSettings

_TOKEN_BYTES = 32
_TOUCH = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_AGAIN = "登录已失效，请重新登录"
WITH_FIRST_PASSWORD = ("/api/v1/session", "/api/v1/session/password")
"""What somebody may use who has yet to choose a password."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made; ``token`` is its cookie, not to be seen again."""

    session_id: str
    token: str

    def __repr__(self) -> str:
        return f"NewSession({self.session_id})"


class Sessions:
    """Keeps the sessions."""

    def __init__(self, db: Database, settings: AccountSettings) -> None:
        self._db = db
        self.span = timedelta(hours=settings.session_h)
        self._idle = timedelta(minutes=settings.idle_min)

    async def begin(self, person_id: str, now: datetime) -> NewSession:
        """Somebody has shown who they are."""
        new = NewSession(new_id(now), secrets.token_urlsafe(_TOKEN_BYTES))

        def work(session: Session) -> None:
            session.add(
                SessionRow(
                    session_id=new.session_id,
                    token_hash=_hash(new.token),
                    person_id=person_id,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + self.span,
                )
            )

        await self._db.write(work)
        return new

    async def identify(self, token: str, now: datetime, path: str) -> Identity:
        """Whose session it is; ``path``: what is asked for.

        Raises SessionOverError, PasswordDueError.
        """

        def work(session: Session) -> tuple[Identity, bool] | AccessError:
            query = select(SessionRow).where(col(SessionRow.token_hash) == _hash(token))
            row = session.scalar(query)
            idle = row is not None and now - row.seen_at > self._idle
            if row is None or row.ended_at is not None or now >= row.expires_at or idle:
                return SessionOverError(_AGAIN)
            try:
                actor = actor_of(session, row.person_id)
            except PersonNotFoundError:
                return SessionOverError(_AGAIN)
            password = session.get(PasswordRow, row.person_id)
            if password is not None and password.must_change and path not in WITH_FIRST_PASSWORD:
                return PasswordDueError("请先设置自己的密码")
            found = Identity(actor, Terminal.PHONE_AGENT.value, f"session:{row.session_id}")
            return found, now - row.seen_at > _TOUCH

        answer = await self._db.read(work)
        if isinstance(answer, AccessError):
            raise answer
        identity, stale = answer
        if stale:
            await self.touch(session_of(identity), now)
        return identity

    async def touch(self, session_id: str, now: datetime) -> None:
        """A page of it is open."""
        mine = col(SessionRow.session_id) == session_id
        await self._db.write(
            lambda session: _drop(
                session.execute(update(SessionRow).where(mine).values(seen_at=now))
            )
        )

    async def end(self, session_id: str, now: datetime) -> None:
        """Somebody has signed out."""
        await self._db.write(
            lambda session: _drop(
                session.execute(
                    update(SessionRow)
                    .where(col(SessionRow.session_id) == session_id)
                    .values(ended_at=now)
                )
            )
        )


def end_sessions(session: Session, person_id: str, now: datetime) -> None:
    """End all sessions of somebody, inside the caller's transaction."""
    open_ = (col(SessionRow.person_id) == person_id, col(SessionRow.ended_at).is_(None))
    session.execute(update(SessionRow).where(*open_).values(ended_at=now))


def session_of(identity: Identity) -> str:
    """Id of the session; "" where it is none."""
    kind, _, found = identity.source.partition(":")
    return found if kind == "session" else ""


class SessionSource:
    """Knows the browsers; see ``hotline.accounts.http.Source``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def identify(self, request: Request, now: datetime) -> Identity | None:
        """See ``Source``."""
        token = token_in(request.cookies)
        if token is None:
            return None
        if request.method not in _SAFE:
            check_page(request.headers)
        return await self._sessions.identify(token, now, request.url.path)


def token_in(cookies: Mapping[str, str]) -> str | None:
    """The session's cookie, by either name."""
    return cookies.get("__Host-session") or cookies.get("session")


def check_page(headers: Mapping[str, str]) -> None:
    """Raise ForeignPageError unless a request was sent by a page of ours."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        origin = headers.get("origin")
        ours = origin is not None and urlsplit(origin).netloc == headers.get("host")
    if not ours:
        raise ForeignPageError("请求不是从本系统页面发出的，已拒绝")


def set_cookie(response: Response, new: NewSession, span: timedelta, *, secure: bool) -> None:
    """Hand the cookie to the browser."""
    response.set_cookie(
        "__Host-session" if secure else "session",
        new.token,
        max_age=int(span.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(response: Response) -> None:
    """Take it back."""
    for name, secure in (("__Host-session", True), ("session", False)):
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")


def _hash(token: str) -> str:
    # 256 random bits need no key and no salt
    return hashlib.sha256(token.encode()).hexdigest()


def _drop(_: object) -> None:
    """Results stay inside their transaction."""
