"""Rights: role, scope, everywhere; nobody gives away more than they have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.accounts.errors import NotAllowedError
from hotline.accounts.rights import ROLE_RIGHTS, allowed, demand, may_grant, reach
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.domain.regions import PROVINCE, city_of, covers, parent_of

pytestmark = pytest.mark.unit

HEFEI, FEIXI, WUHU = "340100", "340123", "340200"


def somebody(*grants: Grant, rights: frozenset[Right] = frozenset()) -> Actor:
    return Actor("person:1", grants, rights, "1")


def may(actor: Actor, right: Right, region: str | None = None, at: str | None = None) -> bool:
    return allowed(actor, right, region=region, institution=at)


def test_every_role_has_rights_and_every_right_somebody() -> None:
    assert set(ROLE_RIGHTS) == set(Role)
    assert frozenset().union(*ROLE_RIGHTS.values()) == set(Right)


def test_an_administrator_reads_no_order() -> None:
    chief = somebody(Grant(Role.ADMINISTRATOR))
    for right in (Right.READ, Right.REVEAL, Right.CONFIDENTIAL, Right.HANDLE):
        assert not may(chief, right, HEFEI)
    assert may(chief, Right.KEYS)


def test_a_city_covers_its_counties_and_no_other_city() -> None:
    manager = somebody(Grant(Role.MANAGER, region=HEFEI))
    assert may(manager, Right.DISPATCH, HEFEI)
    assert may(manager, Right.DISPATCH, FEIXI)
    assert not may(manager, Right.DISPATCH, WUHU)
    assert not may(manager, Right.DISPATCH, None), "nobody has located it: the province's"
    assert not may(manager, Right.KEYS, HEFEI), "a right the role has not"


def test_a_county_covers_itself_only() -> None:
    manager = somebody(Grant(Role.MANAGER, region=FEIXI))
    assert may(manager, Right.READ, FEIXI)
    assert not may(manager, Right.READ, HEFEI)
    assert not may(manager, Right.READ, "340122")


def test_the_province_covers_all_of_it_and_what_nobody_located() -> None:
    manager = somebody(Grant(Role.MANAGER, region=PROVINCE))
    for region in (PROVINCE, HEFEI, FEIXI, None):
        assert may(manager, Right.READ, region)
    assert not may(manager, Right.READ, "320100")


def test_a_grant_in_an_institution_holds_for_what_it_has() -> None:
    handler = somebody(Grant(Role.HANDLER, institution="hefei.legal_aid"))
    assert may(handler, Right.HANDLE, FEIXI, "hefei.legal_aid")
    assert not may(handler, Right.HANDLE, FEIXI, "wuhu.legal_aid")
    assert not may(handler, Right.HANDLE, FEIXI)


def test_a_grant_naming_both_needs_both() -> None:
    handler = somebody(Grant(Role.HANDLER, institution="x", region=HEFEI))
    assert may(handler, Right.HANDLE, FEIXI, "x")
    assert not may(handler, Right.HANDLE, WUHU, "x")
    assert not may(handler, Right.HANDLE, FEIXI, "y")


def test_rights_held_everywhere_need_no_grant() -> None:
    terminal = Actor("terminal:web", rights=frozenset({Right.FILE}))
    assert may(terminal, Right.FILE, WUHU, "anywhere")
    assert not may(terminal, Right.READ, WUHU)


def test_a_right_not_held_is_named_with_the_mend() -> None:
    with pytest.raises(NotAllowedError, match="派遣工单") as caught:
        demand(somebody(Grant(Role.AGENT)), Right.DISPATCH, region=HEFEI, institution=None)
    assert (caught.value.code, caught.value.status) == ("not-allowed", 403)
    demand(somebody(Grant(Role.AGENT)), Right.FILE, region=None, institution=None)


def test_nobody_gives_more_than_they_have() -> None:
    manager = somebody(Grant(Role.MANAGER, region=HEFEI))
    assert may_grant(manager, Grant(Role.HANDLER, region=FEIXI))
    assert may_grant(manager, Grant(Role.MANAGER, region=HEFEI))
    assert not may_grant(manager, Grant(Role.HANDLER, region=WUHU))
    assert not may_grant(manager, Grant(Role.ADMINISTRATOR, region=FEIXI))
    assert not may_grant(manager, Grant(Role.HANDLER))
    assert not may_grant(somebody(Grant(Role.SUPERVISOR)), Grant(Role.AGENT))
    province = somebody(Grant(Role.MANAGER, region=PROVINCE))
    assert not may_grant(province, Grant(Role.HANDLER, institution="x"))
    assert not may_grant(province, Grant(Role.HANDLER))
    own = somebody(Grant(Role.MANAGER, institution="x"))
    assert may_grant(own, Grant(Role.HANDLER, institution="x"))
    assert not may_grant(own, Grant(Role.HANDLER, institution="y"))
    chief = somebody(Grant(Role.ADMINISTRATOR))
    assert may_grant(chief, Grant(Role.MANAGER))
    assert may_grant(chief, Grant(Role.ADMINISTRATOR))


CODES = st.from_regex(r"34(0[1-9]|1[0-8])[0-9]{2}", fullmatch=True)


@given(CODES)
def test_what_is_above_covers_what_is_below(code: str) -> None:
    assert covers(code, code)
    assert covers(PROVINCE, code)
    above = parent_of(code)
    assert above is not None
    assert covers(above, code)
    assert city_of(code) in (code, above)


@given(st.sets(st.sampled_from(list(Role))), CODES, CODES, st.sampled_from(list(Right)))
def test_lists_and_single_rows_agree(
    roles: set[Role], granted: str, asked: str, right: Right
) -> None:
    actor = somebody(*(Grant(role, region=granted) for role in roles))
    expected = covers(granted, asked) and any(right in ROLE_RIGHTS[role] for role in roles)
    assert allowed(actor, right, region=asked, institution=None) == expected
    assert reach(actor, right).nowhere == all(right not in ROLE_RIGHTS[role] for role in roles)
