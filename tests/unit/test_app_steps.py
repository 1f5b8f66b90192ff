"""What set-up and the doctor say of our own parts."""

import pytest

from hotline.app.steps import in_the_clear

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://127.0.0.1:8348", False),
        ("http://localhost:8348", False),
        ("http://[::1]:8348", False),
        ("https://hub.example.cn", False),
        ("http://hub.example.cn", True),
        ("http://10.1.2.3:8348/api", True),
    ],
)
def test_plain_http_to_another_machine_is_pointed_out(url: str, clear: bool) -> None:
    assert in_the_clear(url) is clear
