"""API keys: shown once, kept as a keyed hash, with an end, a successor, and no way back.

A key reads ``hk.<key_id>.<secret>``; the secret has 256 random bits. What is kept is its HMAC under
the key ring, so that neither a copy of the database nor a write to it yields a key that works.
"""

import hmac
import json
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.checks import text, wrong
from hotline.accounts.errors import (
    AccessError,
    AccountDisabledError,
    KeyExpiredError,
    KeyNotFoundError,
    KeyRevokedError,
    PersonNotFoundError,
    UnauthenticatedError,
)
from hotline.accounts.people import actor_of, get_person
from hotline.accounts.records import ApiKey, Identity, NewKey
from hotline.db import Database, audit_log
from hotline.db.digests import api_key_digest
from hotline.db.order_tables import ApiKeyRow
from hotline.domain.codes import Terminal
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.ids import new_id
from hotline.privacy import KeyRing

_PRESENTED = re.compile(r"hk\.([0-9A-Z]{26})\.([A-Za-z0-9_-]{43})")
_SECRET_BYTES = 32
MAX_NAME = 80
MAX_OVERLAP = timedelta(days=90)
TERMINAL_RIGHTS = frozenset({Right.FILE})
"""What a terminal's key may do unless told otherwise: hand in demands."""
_AGAIN = "请向管理员索取接口密钥，放在请求头 Authorization: Bearer 之后"


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key shall be."""

    name: str
    terminal: Terminal
    rights: Collection[Right] = TERMINAL_RIGHTS
    """Everywhere. A person's key has the person's rights, and none of its own."""
    staff_no: str | None = None
    """The person whose program uses it."""
    expires_at: datetime | None = None


class ApiKeys:
    """Makes keys, ends them, and knows them again."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring

    async def make(self, wish: KeyWish, *, actor: str, now: datetime) -> NewKey:
        """A new key; its secret cannot be seen again.

        Raises AccountInputError, PersonNotFoundError.
        """
        name = text("name", wish.name, MAX_NAME)
        _check_end(wish.expires_at, now)

        def work(session: Session) -> NewKey:
            person_id = None
            if wish.staff_no is not None:
                person = get_person(session, self._ring, wish.staff_no, reveal=False)
                if not person.active:
                    raise wrong("person", "此人已不在岗，不能再发密钥")
                person_id = person.person_id
            row = ApiKeyRow(
                key_id="",
                secret_hash="",
                name=name,
                terminal=wish.terminal.value,
                person_id=person_id,
                rights_json=_json([] if person_id else wish.rights),
                created_at=now,
                expires_at=wish.expires_at,
            )
            return self._add(session, row, actor, now)

        return await self._db.write(work)

    async def rotate(self, key_id: str, *, overlap: timedelta, actor: str, now: datetime) -> NewKey:
        """A successor with the same name and rights; the old key works on for ``overlap``.

        Raises KeyNotFoundError, AccountInputError (no such overlap), KeyRevokedError and
        KeyExpiredError (the old key does not work any more: make a new one).
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise wrong("overlap", f"新旧密钥并用须为0到{MAX_OVERLAP.days}天")

        def work(session: Session) -> NewKey:
            old = self._row(session, key_id)
            _check_alive(old, now)
            row = ApiKeyRow(
                key_id="",
                secret_hash="",
                name=old.name,
                terminal=old.terminal,
                person_id=old.person_id,
                rights_json=old.rights_json,
                created_at=now,
                expires_at=_same_span(old, now),
            )
            new = self._add(session, row, actor, now)
            until = now + overlap
            if old.expires_at is None or until < old.expires_at:
                old.expires_at = until
            self._note(session, old, "key.superseded", actor, now)
            return new

        return await self._db.write(work)

    async def revoke(self, key_id: str, *, actor: str, now: datetime) -> bool:
        """End a key at once; False when it was ended already. Raises KeyNotFoundError."""

        def work(session: Session) -> bool:
            row = self._row(session, key_id)
            if row.revoked_at is not None:
                return False
            row.revoked_at = now
            self._note(session, row, "key.revoked", actor, now)
            return True

        return await self._db.write(work)

    async def listed(self) -> list[ApiKey]:
        """All keys, newest first."""

        def work(session: Session) -> list[ApiKey]:
            query = select(ApiKeyRow).order_by(col(ApiKeyRow.key_id).desc())
            return [_key_of(row) for row in session.scalars(query)]

        return await self._db.read(work)

    async def identify(self, presented: str, now: datetime) -> Identity:
        """Whoever sent this key.

        Raises UnauthenticatedError, KeyExpiredError, KeyRevokedError, AccountDisabledError.
        """
        match = _PRESENTED.fullmatch(presented)
        if match is None:
            raise UnauthenticatedError(f"密钥格式不对；{_AGAIN}")
        key_id, secret = match.groups()
        given = self._ring.index("api-key", secret)

        def work(session: Session) -> Identity | AccessError:
            row = session.get(ApiKeyRow, key_id)
            known = row.secret_hash if row else "0" * len(given)
            if not hmac.compare_digest(given, known) or row is None:
                return UnauthenticatedError(f"没有这个密钥；{_AGAIN}")
            return _identity(session, row, now)

        found = await self._db.read(work)
        if isinstance(found, AccessError):
            raise found
        return found

    async def authenticate(self, presented: str, now: datetime) -> Actor:
        """The actor of ``identify``."""
        return (await self.identify(presented, now)).actor

    def _add(self, session: Session, row: ApiKeyRow, actor: str, now: datetime) -> NewKey:
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        row.key_id = new_id(now)
        row.secret_hash = self._ring.index("api-key", secret)
        session.add(row)
        self._note(session, row, "key.made", actor, now)
        return NewKey(_key_of(row), f"hk.{row.key_id}.{secret}")

    def _note(
        self, session: Session, row: ApiKeyRow, action: str, actor: str, now: datetime
    ) -> None:
        digest = api_key_digest(self._ring, row)
        audit_log.append(
            session,
            self._ring,
            actor=actor,
            action=action,
            subject=row.key_id,
            digest=digest,
            at=now,
        )

    @staticmethod
    def _row(session: Session, key_id: str) -> ApiKeyRow:
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            raise KeyNotFoundError("没有这个编号的密钥，请查密钥列表")
        return row


def _identity(session: Session, row: ApiKeyRow, now: datetime) -> Identity | AccessError:
    try:
        _check_alive(row, now)
        if row.person_id is None:
            actor = Actor(f"terminal:{row.terminal}", rights=_rights(row))
        else:
            actor = actor_of(session, row.person_id)
    except PersonNotFoundError:
        return AccountDisabledError("此密钥所属人员已不在岗，请联系本单位管理人员")
    except AccessError as error:
        return error
    return Identity(actor, row.terminal, f"key:{row.key_id}")


def _check_alive(row: ApiKeyRow, now: datetime) -> None:
    if row.revoked_at is not None:
        raise KeyRevokedError(f"密钥已被撤销；{_AGAIN}")
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyExpiredError(f"密钥已过期；{_AGAIN}")


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise wrong("expires_at", "须晚于现在，长期有效时留空")


def _same_span(old: ApiKeyRow, now: datetime) -> datetime | None:
    return None if old.expires_at is None else now + (old.expires_at - old.created_at)


def _rights(row: ApiKeyRow) -> frozenset[Right]:
    return frozenset(Right(code) for code in json.loads(row.rights_json))


def _json(rights: Iterable[Right]) -> str:
    return json.dumps(sorted({right.value for right in rights}))


def _key_of(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        terminal=row.terminal,
        person_id=row.person_id,
        rights=_rights(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
