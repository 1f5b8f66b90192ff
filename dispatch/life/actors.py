"""Actors that are no people."""

from hotline.domain.codes import Terminal
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor

SYSTEM = Actor("system", rights=frozenset(Right))
"""The hotline itself: triage, matching, clocks."""
HUB = Actor(
    "hub",
    rights=frozenset({Right.FILE, Right.HANDLE, Right.DISPATCH, Right.SUPERVISE, Right.CALLBACK}),
)
"""The network hub, which acts for the institutions behind it."""


def terminal_actor(terminal: Terminal) -> Actor:
    """A terminal whose right to file was checked at the door."""
    return Actor(f"terminal:{terminal.value}", rights=frozenset({Right.FILE}))


def machine_rights(
    actor: Actor, right: Right, *, region: str | None, institution: str | None
) -> bool:
    """``Allowed`` for a desk that only machines use: rights held everywhere, no grants."""
    return right in actor.rights
