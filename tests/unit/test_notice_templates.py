"""Texts of messages: complete, short, checked; gaps filled with codes and moments only."""

import re
from pathlib import Path

import pytest

from dispatch.notices.errors import NoticeTemplateError
from dispatch.notices.templates import GAPS, LONGEST, Links, Templates

pytestmark = pytest.mark.unit
NO = "20260305000010"
LINKS = Links("https://ah.gov.cn/p/aaaa", "https://ah.gov.cn/p/bbbb")
SHIPPED = Templates.load()


def a_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "texts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED.texts)
def test_shipped_texts_are_signed_short_and_carry_number_and_link(name: str) -> None:
    data = {"until": "2026-03-12T17:30:00+08:00", "reason": "resolved"}
    text = SHIPPED.render(name, NO, LINKS, data)
    assert text is not None
    assert text.startswith("【安徽12348】")
    assert NO in text
    assert re.search(r"https://ah\.gov\.cn/p/(aaaa|bbbb)(?= |$)", text), "a blank ends the link"
    assert len(SHIPPED.sign + SHIPPED.texts[name].format_map(GAPS)) <= LONGEST
    assert re.search(r"[\u4e00-\u9fff]", text)


def test_moments_and_codes_are_shown_as_people_read_them() -> None:
    text = SHIPPED.render("extended", NO, LINKS, {"until": "2026-03-12T16:30:00+00:00"})
    assert text is not None
    assert "2026年3月13日" in text, "the day in China"
    text = SHIPPED.render("closed", NO, LINKS, {"reason": "unreachable"})
    assert text is not None
    assert "多次联系不上当事人" in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("extended", {}),
        ("extended", {"until": "soon"}),
        ("extended", {"until": "2026-03-12T17:30:00"}),
        ("closed", {"reason": "老板姓赵"}),
        ("nonsense", {}),
    ],
)
def test_what_cannot_be_filled_is_not_sent(name: str, data: dict[str, str]) -> None:
    assert SHIPPED.render(name, NO, LINKS, data) is None


def test_data_cannot_bring_in_gaps_or_words() -> None:
    text = SHIPPED.render("received", NO, LINKS, {"order_no": "x", "name": "孙大勇"})
    assert text is not None
    assert "孙大勇" not in text
    assert NO in text


@pytest.mark.parametrize(
    ("body", "mend"),
    [
        ("sign: 安徽\ntemplates: {a: 'x{order_no}'}", "sign"),
        ("sign: 【安徽12348】\ntemplates: {}", "templates"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x'}", "lacks {order_no}"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{order_no}{name}'}", "unknown gap"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{order_no.__class__}'}", "unknown gap"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{order_no!r}'}", "unknown gap"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{order_no:>99999}'}", "unknown gap"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{}{order_no}'}", "unknown gap"),
        ("sign: 【安徽12348】\ntemplates: {a: 'x{order_no'}", "brace"),
        ("sign: 【安徽12348】\ntemplates: {a: '{order_no}见{link}查看'}", "blank"),
        ('sign: 【安徽12348】\ntemplates: {a: "{order_no}\\n"}', "line breaks"),
        (f"sign: 【安徽12348】\ntemplates: {{a: '{{order_no}}{'长' * 120}'}}", "at most"),
        ("sign: 【安徽12348】\nmore: 1\ntemplates: {a: '{order_no}'}", "more"),
        ("sign: [", "no valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_mend(tmp_path: Path, body: str, mend: str) -> None:
    with pytest.raises(NoticeTemplateError, match=re.escape(mend)):
        Templates.load(a_file(tmp_path, body))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoticeTemplateError, match=r"nothing\.yaml"):
        Templates.load(tmp_path / "nothing.yaml")
