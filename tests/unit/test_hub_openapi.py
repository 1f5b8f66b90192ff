"""The OpenAPI pages are what the routers and models say now."""

import pytest

from dispatch.hub.models import FROM_HUB, TO_HUB
from dispatch.hub.openapi import CALLBACK_PAGE, DOCS, HUB_PAGE, callback_page, hub_page, text

pytestmark = pytest.mark.unit


def test_the_pages_are_current() -> None:
    for path, page in ((HUB_PAGE, hub_page()), (CALLBACK_PAGE, callback_page())):
        assert path.read_text(encoding="utf-8") == text(page), "run: python -m dispatch.hub.openapi"


def test_every_kind_is_described_in_both_directions() -> None:
    protocol = (DOCS / "hub-protocol.md").read_text(encoding="utf-8")
    for kinds, prefix, page in (
        (TO_HUB, "ToHub", hub_page()),
        (FROM_HUB, "FromHub", callback_page()),
    ):
        for kind in kinds:
            assert prefix + kind.removeprefix("order.").title() in page["components"]["schemas"]
            assert f"`{kind}`" in protocol
