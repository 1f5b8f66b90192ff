"""What the digits of a region's code say (GB/T 2260): province 2, city 2, county 2.

The names are in the knowledge base (``hotline/knowledge/data/regions.yaml``), their only list.
"""

PROVINCE = "340000"
"""Anhui."""


def is_province(code: str) -> bool:
    """Four zeros at the end."""
    return code.endswith("0000")


def is_city(code: str) -> bool:
    """Two zeros at the end, and no province."""
    return code.endswith("00") and not is_province(code)


def city_of(code: str) -> str | None:
    """``340123`` → ``340100``; a city is its own; None for a province."""
    return None if is_province(code) else f"{code[:4]}00"


def parent_of(code: str) -> str | None:
    """County → city → province → None."""
    if is_province(code):
        return None
    return f"{code[:2]}0000" if is_city(code) else f"{code[:4]}00"


def covers(scope: str, code: str | None) -> bool:
    """Whether ``code`` lies in ``scope``: a city covers its counties, a province its cities.

    What nobody has located (None) lies in the province and in no city.
    """
    if code is None:
        return scope == PROVINCE
    if is_province(scope):
        return code[:2] == scope[:2]
    if is_city(scope):
        return code[:4] == scope[:4]
    return code == scope


def scope_prefix(scope: str) -> str:
    """The digits all codes within ``scope`` begin with: 2, 4 or all 6."""
    return scope[:2] if is_province(scope) else scope[:4] if is_city(scope) else scope
