"""Who may do what, and where: the roles as one table, and the question asked of it everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hotline.accounts.errors import NotAllowedError
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.domain.regions import covers

ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.AGENT: frozenset({Right.FILE, Right.READ, Right.REVEAL, Right.CALLBACK, Right.SEAT}),
        Role.HANDLER: frozenset({Right.READ, Right.REVEAL, Right.HANDLE, Right.CALLBACK}),
        Role.SUPERVISOR: frozenset(
            {
                *(Right.FILE, Right.READ, Right.REVEAL, Right.CONFIDENTIAL, Right.CALLBACK),
                *(Right.DISPATCH, Right.SUPERVISE, Right.ROSTER, Right.EVALUATE),
                *(Right.SEAT, Right.MONITOR),
            }
        ),
        Role.REVIEWER: frozenset({Right.READ, Right.EVALUATE}),
        Role.MANAGER: frozenset(
            {
                *(Right.FILE, Right.READ, Right.REVEAL, Right.CONFIDENTIAL, Right.CALLBACK),
                *(Right.HANDLE, Right.DISPATCH, Right.SUPERVISE, Right.ROSTER, Right.EVALUATE),
                *(Right.PEOPLE, Right.RULES, Right.EXCHANGE, Right.HUB, Right.AUDIT),
                Right.MONITOR,
            }
        ),
        # Runs the system, and for that needs nobody's trouble: no order can be read.
        Role.ADMINISTRATOR: frozenset(
            {
                *(Right.PEOPLE, Right.KEYS, Right.ROSTER, Right.RULES),
                *(Right.EXCHANGE, Right.HUB, Right.AUDIT),
            }
        ),
    }
)
"""What each role may do where it is granted."""


@dataclass(frozen=True, slots=True)
class Reach:
    """All places where somebody has one right; for lists, which ask once and not row by row."""

    everywhere: bool
    regions: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    both: frozenset[tuple[str, str]] = frozenset()
    """(institution, region) of grants that name both: only where both hold."""

    @property
    def nowhere(self) -> bool:
        """The right is not held at all."""
        return not (self.everywhere or self.regions or self.institutions or self.both)

    def holds(self, *, region: str | None, institution: str | None) -> bool:
        """Whether this place is within reach."""
        return (
            self.everywhere
            or (institution is not None and institution in self.institutions)
            or any(covers(scope, region) for scope in self.regions)
            or any(owner == institution and covers(scope, region) for owner, scope in self.both)
        )


def reach(actor: Actor, right: Right) -> Reach:
    """Where ``actor`` has ``right``."""
    if right in actor.rights:
        return Reach(everywhere=True)
    grants = [grant for grant in actor.grants if right in ROLE_RIGHTS[grant.role]]
    return Reach(
        everywhere=any(grant.institution is None and grant.region is None for grant in grants),
        regions=frozenset(g.region for g in grants if g.region and g.institution is None),
        institutions=frozenset(g.institution for g in grants if g.institution and not g.region),
        both=frozenset((g.institution, g.region) for g in grants if g.institution and g.region),
    )


def allowed(actor: Actor, right: Right, *, region: str | None, institution: str | None) -> bool:
    """Whether ``actor`` may do this with something of ``region`` that ``institution`` has.

    ``region`` None: nobody has located it, so it is the province's. ``institution`` None: nobody
    has it yet.
    """
    return reach(actor, right).holds(region=region, institution=institution)


def demand(actor: Actor, right: Right, *, region: str | None, institution: str | None) -> None:
    """Raise NotAllowedError unless ``allowed``."""
    if not allowed(actor, right, region=region, institution=institution):
        raise NotAllowedError(f"没有“{right.label}”的权限（{right.value}），请联系本单位管理人员")


def may_grant(actor: Actor, grant: Grant) -> bool:
    """Whether ``actor`` may give somebody this role at this place.

    Whoever manages people gives no more than they have themselves there; only who gives out keys
    everywhere (an administrator) gives any role.
    """
    if not _holds(reach(actor, Right.PEOPLE), grant):
        return False
    if reach(actor, Right.KEYS).everywhere:
        return True
    return all(_holds(reach(actor, right), grant) for right in ROLE_RIGHTS[grant.role])


def _holds(own: Reach, grant: Grant) -> bool:
    if grant.institution is None and grant.region is None:
        return own.everywhere
    return own.holds(region=grant.region, institution=grant.institution) and (
        # a place without a region must not pass as one nobody has located
        grant.region is not None or own.everywhere or grant.institution in own.institutions
    )
