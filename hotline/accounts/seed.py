"""The institutions to begin with: what the knowledge base lists, and the province's own desk.

Nothing is made up: names come from ``hotline/knowledge/data/offices.yaml``, and one that nobody has
confirmed there says so in its name until somebody has.
"""

from collections.abc import Iterable, Mapping

from hotline.accounts.errors import AccountInputError
from hotline.domain.codes import ServiceType
from hotline.domain.order_codes import InstitutionKind
from hotline.domain.people import Institution
from hotline.domain.regions import PROVINCE, is_city
from hotline.knowledge.models import Office, OfficeKind

UNCONFIRMED = "（待核实）"
PROVINCE_DESK = Institution(
    code="anhui.hotline",
    name="安徽省12348热线平台",
    kind=InstitutionKind.HOTLINE,
    region=PROVINCE,
    hours=tuple((day, "00:00", "24:00") for day in range(1, 8)),
    is_desk=True,
)
"""Takes what no other desk takes, so that every order finds one; day and night (GB/T 33358)."""
_KINDS: Mapping[OfficeKind, tuple[InstitutionKind, frozenset[str]]] = {
    OfficeKind.SERVICE: (InstitutionKind.LEGAL_SERVICE_CENTRE, frozenset()),
    OfficeKind.LEGAL_AID: (
        InstitutionKind.LEGAL_AID_CENTRE,
        frozenset({ServiceType.LEGAL_AID.value}),
    ),
    OfficeKind.NOTARY: (InstitutionKind.NOTARY_OFFICE, frozenset({ServiceType.NOTARY.value})),
    OfficeKind.MEDIATION: (
        InstitutionKind.MEDIATION_COMMITTEE,
        frozenset({ServiceType.MEDIATION.value}),
    ),
}


def institutions_of(offices: Iterable[Office], regions: Mapping[str, str]) -> list[Institution]:
    """The province's desk, then an institution for every office; its service centre is the desk.

    ``regions``: name of every known region by code. Raises AccountInputError: an office in a place
    that is in none of them.
    """
    return [PROVINCE_DESK, *(_institution(office, regions) for office in offices)]


def _institution(office: Office, regions: Mapping[str, str]) -> Institution:
    kind, skills = _KINDS[office.kind]
    return Institution(
        code=office.id,
        name=office.name if office.confirmed else office.name + UNCONFIRMED,
        kind=kind,
        region=_region(office, regions),
        skills=skills,
        is_desk=office.kind is OfficeKind.SERVICE,
    )


def _region(office: Office, regions: Mapping[str, str]) -> str:
    cities = (code for code, name in regions.items() if name == office.city and is_city(code))
    city = next(cities, None)
    if city is None:
        raise AccountInputError(f"{office.id}：{office.city}不在行政区划表中", field="region")
    if office.county is None:
        return city
    inside = (
        code
        for code, name in regions.items()
        if name == office.county and code[:4] == city[:4] and code != city
    )
    county = next(inside, None)
    if county is None:
        raise AccountInputError(f"{office.id}：{office.county}不在行政区划表中", field="region")
    return county
