"""The data standard: complete, current on paper, and no published code ever lost."""

import inspect
import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from hotline.domain import codes, order_codes, seats
from hotline.domain.codes import Coded
from hotline.domain.regions import PROVINCE, is_city, parent_of
from hotline.domain.standard import _ENUMS, code_tables
from hotline.exchange.errors import StandardError
from hotline.exchange.fields import INTAKES, RECORDS, Form
from hotline.exchange.standard import CODES, SCHEMA_FOLDER, Sheet, write, written
from hotline.knowledge.load import load_region_names

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
REGIONS = load_region_names()
TABLES = code_tables(REGIONS)


def test_every_code_table_of_the_domain_is_in_the_standard() -> None:
    found = {
        member
        for module in (codes, order_codes, seats)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Coded) and member is not Coded
    }
    assert found == {members for _, members in _ENUMS.values()}


def test_codes_are_unique_and_named() -> None:
    for table in TABLES.values():
        assert table.entries, table.id
        counted = Counter(entry.code for entry in table.entries)
        assert counted.most_common(1)[0][1] == 1, table.id
        assert all(entry.name.strip() for entry in table.entries)


def test_no_published_code_is_ever_lost() -> None:
    """The list is of the day version 1.0 was published: lines are added, never taken out."""
    frozen = (ROOT / "tests/data/standard/published-1.0.txt").read_text().splitlines()
    have = {f"{table.id} {entry.code}" for table in TABLES.values() for entry in table.entries}
    assert set(frozen) <= have
    assert len(frozen) >= 360


def test_anhui_has_16_cities_and_104_counties_each_below_its_city() -> None:
    cities = [code for code in REGIONS if is_city(code)]
    counties = [code for code in REGIONS if code != PROVINCE and not is_city(code)]
    assert (len(cities), len(counties)) == (16, 104)
    kinds = Counter(REGIONS[code][-1] for code in counties)
    assert kinds == {"区": 45, "市": 9, "县": 50}
    assert all(parent_of(code) in cities for code in counties)
    assert all(code.startswith("34") and len(code) == 6 for code in REGIONS)


def test_what_is_written_down_is_current() -> None:
    for sheet in written(REGIONS):
        path = ROOT / "docs" / sheet.path
        assert path.read_text(encoding="utf-8") == sheet.text, (
            f"{path} is out of date: run hotline standard write"
        )


def test_writing_refuses_to_lose_a_published_code(tmp_path: Path) -> None:
    sheets = written(REGIONS)
    assert len(write(tmp_path, sheets)) == len(sheets)
    assert write(tmp_path, sheets) == []
    fewer = written({code: name for code, name in REGIONS.items() if code != "340123"})
    with pytest.raises(StandardError, match="region/340123"):
        write(tmp_path, fewer)
    assert "340123" in (tmp_path / SCHEMA_FOLDER / CODES).read_text(encoding="utf-8")
    renamed = [Sheet(s.path, s.text.replace("肥西县", "肥西")) for s in sheets]
    assert write(tmp_path, renamed), "names may be improved"


@pytest.mark.parametrize("name", [sheet.path.name for sheet in written(REGIONS)][:-2])
def test_schemas_are_schemas(name: str) -> None:
    schema = json.loads((ROOT / "docs" / SCHEMA_FOLDER / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert all("title" in one for one in schema["properties"].values())
    referred = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
    assert referred == set(schema.get("$defs", {}))


def test_an_intake_is_told_from_nonsense_by_its_schema() -> None:
    text = (ROOT / "docs" / SCHEMA_FOLDER / "intake.json").read_text(encoding="utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    intake = {
        "terminal": "counter",
        "idempotency_key": "1",
        "service_type": "legal_aid",
        "act": "apply",
        "topic": "wages",
        "title": "拖欠工资",
        "description": "四个月没发工资",
        "region": "340123",
        "contact_phone": None,
    }
    assert validator.is_valid(intake)
    for changed in (
        {"topic": "cooking"},
        {"region": "990000"},
        {"title": ""},
        {"title": "长" * 121},
        {"colour": "red"},
        {"callback": "yes"},
    ):
        assert not validator.is_valid({**intake, **changed}), changed
    for needed in ("terminal", "title", "description", "topic"):
        assert not validator.is_valid({k: v for k, v in intake.items() if k != needed})


def test_limits_are_those_intake_checks_with() -> None:
    from dispatch import validation

    limits = {field.name: field.limit for field in INTAKES.fields}
    assert limits["title"] == validation.MAX_TITLE
    assert limits["description"] == validation.MAX_TEXT
    assert limits["contact_name"] == limits["since"] == validation.MAX_SHORT
    assert limits["idempotency_key"] == validation.MAX_KEY


def test_every_coded_column_has_a_table_and_headers_are_unique() -> None:
    for record in RECORDS.values():
        words = Counter(word for field in record.fields for word in (field.name, field.label))
        assert words.most_common(1)[0][1] == 1, record.id
        for field in record.fields:
            if field.form in (Form.CODE, Form.CODES):
                assert field.table in TABLES, field.name
