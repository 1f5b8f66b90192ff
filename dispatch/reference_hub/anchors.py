"""Where terminals' audit chains ended: kept by the hub, so that a terminal cannot rewrite them."""

import sqlite3
from concurrent.futures import Future
from datetime import datetime

from dispatch.hub.models import AnchorIn
from dispatch.reference_hub.store import HubRefusal, HubStore, use_nonce


def keep(store: HubStore, anchor: AnchorIn, nonce: str, now: datetime) -> "Future[bool]":
    """Keep it; True when it was kept before. The future raises HubRefusal: anchor-conflict."""

    def work(db: sqlite3.Connection) -> bool:
        use_nonce(db, nonce, now)
        row = db.execute(
            "SELECT hash FROM anchors WHERE sender = ? AND seq = ?", (anchor.sender, anchor.seq)
        ).fetchone()
        if row is not None:
            if row["hash"] != anchor.hash:
                raise HubRefusal(
                    409, "anchor-conflict", f"link {anchor.seq} had another hash before"
                )
            return True
        stamp = now.isoformat(timespec="milliseconds")
        db.execute(
            "INSERT INTO anchors VALUES (?, ?, ?, ?, ?)",
            (anchor.sender, anchor.seq, anchor.hash, anchor.at.isoformat(), stamp),
        )
        return False

    return store.write(work)
