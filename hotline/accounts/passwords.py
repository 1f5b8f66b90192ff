"""Passwords: what one must be like, Argon2id, and a lock after wrong ones."""

import asyncio
import math
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.checks import wrong
from hotline.accounts.errors import AccountLockedError, SignInError
from hotline.accounts.people import get_person
from hotline.accounts.sessions import end_sessions
from hotline.db import Database, audit_log
from hotline.db.desk_tables import PasswordRow
from hotline.db.order_tables import PersonRow
from hotline.privacy import KeyRing
from hotline.settings_desk import AccountSettings

_HASH = PasswordHash((Argon2Hasher(),))
_NOBODY = _HASH.hash(secrets.token_urlsafe(16))
"""Checked when there is no such account, so that the time taken tells nothing."""
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
MAX_LENGTH = 200
_AT_ONCE = 2
"""Hashes reckoned at once: each takes 64 MB, and calls go on beside."""
_COMMON = ("password", "12345678", "qwerty", "admin", "hotline", "abcdefg", "11111111")
_REFUSED = "工号或密码不对"


def check_password(password: str, staff_no: str, length: int) -> None:
    """Raise AccountInputError unless a password may be used.

    Long, of three of the four kinds of characters, neither common nor the staff number (GB/T
    22239-2019 8.1.4.1 asks for complexity and change of first passwords).
    """
    if not length <= len(password) <= MAX_LENGTH:
        raise wrong("password", f"须为{length}到{MAX_LENGTH}个字符")
    kinds = sum(any(c in kind for c in password) for kind in _KINDS)
    kinds += any(not any(c in kind for kind in _KINDS) for c in password)
    if kinds < 3:
        raise wrong("password", "须含小写字母、大写字母、数字、其他字符中的三种")
    low = password.lower()
    if staff_no.lower() in low or any(word in low for word in _COMMON) or len(set(low)) < 5:
        raise wrong("password", "太容易猜到，请换一个，不要含工号和常见密码")


def make_password() -> str:
    """A first password, to be read out once: four groups of letters and digits."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    while True:
        found = "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
        if all(any(c in kind for c in found) for kind in _KINDS):
            return found


class Passwords:
    """Sets and checks passwords."""

    def __init__(self, db: Database, ring: KeyRing, settings: AccountSettings) -> None:
        self._db = db
        self._ring = ring
        self._settings = settings
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def set_first(self, staff_no: str, *, actor: str, now: datetime) -> str:
        """Give somebody a new password, to be changed at once; unlocks. Returns it.

        Raises PersonNotFoundError.
        """
        password = make_password()
        hashed = await asyncio.to_thread(_HASH.hash, password)

        def work(session: Session) -> None:
            person = get_person(session, self._ring, staff_no, reveal=False)
            self._store(
                session,
                person.person_id,
                hashed,
                "password.given",
                must_change=True,
                actor=actor,
                now=now,
            )

        await self._db.write(work)
        return password

    async def change(self, staff_no: str, old: str, new: str, *, now: datetime) -> str:
        """Choose one's own password; returns who it is.

        Raises SignInError, AccountLockedError (the old one), AccountInputError (the new one).
        """
        person_id, _ = await self.check(staff_no, old, now)
        check_password(new, staff_no, self._settings.password_length)
        if new == old:
            raise wrong("password", "须与旧密码不同")
        hashed = await asyncio.to_thread(_HASH.hash, new)

        await self._db.write(
            lambda session: self._store(
                session,
                person_id,
                hashed,
                "password.changed",
                must_change=False,
                actor=f"person:{person_id}",
                now=now,
            )
        )
        return person_id

    async def check(self, staff_no: str, password: str, now: datetime) -> tuple[str, bool]:
        """(person id, whether it has to be changed) for a right password.

        Raises SignInError, saying no more than that it is wrong; AccountLockedError.
        """
        row = await self._db.read(lambda session: self._row(session, staff_no))
        if row is not None and row.locked_until is not None and now < row.locked_until:
            minutes = max(1, math.ceil((row.locked_until - now).total_seconds() / 60))
            raise AccountLockedError(f"多次输错，已锁定，请{minutes}分钟后再试")
        # hashing takes its time, in a thread of its own: no writer waits for it
        hashed = _NOBODY if row is None else row.password_hash
        async with self._turns:
            right = await asyncio.to_thread(_HASH.verify, password, hashed)
        if row is None:
            raise SignInError(_REFUSED)
        person_id = row.person_id
        if not right:
            raise await self._db.write(lambda session: self._failed(session, person_id, now))
        if row.failures:
            await self._db.write(lambda session: self._forgive(session, person_id))
        return person_id, row.must_change

    def _failed(self, session: Session, person_id: str, now: datetime) -> SignInError:
        row = session.get_one(PasswordRow, person_id, with_for_update=True)
        row.failures += 1
        if row.failures < self._settings.lock_after:
            return SignInError(_REFUSED)
        row.failures = 0
        row.locked_until = now + timedelta(minutes=self._settings.lock_min)
        self._note(session, row, "password.locked", "system", now)
        return AccountLockedError(f"多次输错，已锁定{self._settings.lock_min:g}分钟")

    @staticmethod
    def _forgive(session: Session, person_id: str) -> None:
        row = session.get_one(PasswordRow, person_id, with_for_update=True)
        row.failures, row.locked_until = 0, None

    def _row(self, session: Session, staff_no: str) -> "_Kept | None":
        mine = (col(PersonRow.staff_no) == staff_no, col(PersonRow.active))
        person_id = session.scalar(select(col(PersonRow.person_id)).where(*mine))
        row = None if person_id is None else session.get(PasswordRow, person_id)
        if row is None:
            return None
        return _Kept(
            row.person_id, row.password_hash, row.must_change, row.failures, row.locked_until
        )

    def _store(
        self,
        session: Session,
        person_id: str,
        hashed: str,
        action: str,
        *,
        must_change: bool,
        actor: str,
        now: datetime,
    ) -> None:
        row = session.get(PasswordRow, person_id)
        if row is None:
            row = PasswordRow(person_id=person_id, password_hash="", changed_at=now)
            session.add(row)
        row.password_hash, row.must_change, row.changed_at = hashed, must_change, now
        row.failures, row.locked_until = 0, None
        self._note(session, row, action, actor, now)
        # who knew the old password is signed out everywhere
        end_sessions(session, person_id, now)

    def _note(
        self, session: Session, row: PasswordRow, action: str, actor: str, now: datetime
    ) -> None:
        digest = self._ring.index("password", f"{row.person_id} {row.password_hash}")
        audit_log.append(
            session,
            self._ring,
            actor=actor,
            action=action,
            subject=row.person_id,
            digest=digest,
            at=now,
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row, outside its transaction."""

    person_id: str
    password_hash: str
    must_change: bool
    failures: int
    locked_until: datetime | None

    def __repr__(self) -> str:
        return f"_Kept({self.person_id})"
