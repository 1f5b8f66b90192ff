"""The data standard written down: JSON Schemas (2020-12) and a page of all tables."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from hotline.accounts.records import Person
from hotline.domain.orders import Intake, OrderView
from hotline.domain.people import Institution
from hotline.domain.standard import VERSION, CodeTable, code_tables
from hotline.exchange.errors import StandardError
from hotline.exchange.fields import (
    DUTIES,
    INSTITUTIONS,
    INTAKES,
    ORDERS,
    PEOPLE,
    RECORDS,
    Field,
    Form,
    Record,
)
from hotline.roster.plan import Duty

SCHEMA_FOLDER = Path("schema") / f"v{VERSION.partition('.')[0]}"
PAGE = Path("data-standard.md")
CODES = "codes.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_URN = "urn:hotline-12348:schema"
_ROWS: Mapping[str, tuple[Record, type[Any]]] = {
    "intake": (INTAKES, Intake),
    "institution": (INSTITUTIONS, Institution),
    "person": (PEOPLE, Person),
    "duty": (DUTIES, Duty),
}
"""Documents that are a row of a file too: the record's fields, with the dataclass's types."""
_TYPES: Mapping[Form, dict[str, Any]] = {
    Form.FLAG: {"type": "boolean"},
    Form.NUMBER: {"type": "integer"},
    Form.MOMENT: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file of the written standard."""

    path: Path
    """Below the folder of documents."""
    text: str


def written(region_names: Mapping[str, str], more: Iterable[CodeTable] = ()) -> list[Sheet]:
    """Every file of the standard as it should be."""
    tables = code_tables(region_names, more)
    schemas = {name: _row_schema(name, *source, tables) for name, source in _ROWS.items()}
    schemas["order-view"] = _view_schema(tables)
    schemas["order-row"] = _fields_schema("order-row", ORDERS, tables)
    sheets = [
        Sheet(SCHEMA_FOLDER / f"{name}.json", _dump(schema)) for name, schema in schemas.items()
    ]
    sheets.append(Sheet(SCHEMA_FOLDER / CODES, _dump(_codes(tables))))
    sheets.append(Sheet(PAGE, "\n".join(_page(tables)) + "\n"))
    return sheets


def write(folder: Path, sheets: Iterable[Sheet]) -> list[Path]:
    """Bring the folder up to date; the files that were changed.

    Raises StandardError when a code that is published there would vanish: orders, records and the
    hub keep it for years.
    """
    sheets = list(sheets)
    for sheet in sheets:
        if sheet.path.name == CODES:
            check_published(folder / sheet.path, sheet.text)
    changed = []
    for sheet in sheets:
        path = folder / sheet.path
        if path.is_file() and path.read_text(encoding="utf-8") == sheet.text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sheet.text, encoding="utf-8")
        changed.append(path)
    return changed


def check_published(path: Path, text: str) -> None:
    """Raises StandardError unless every code in the file ``path`` is in ``text`` too."""
    if not path.is_file():
        return
    gone = _pairs(path.read_text(encoding="utf-8")) - _pairs(text)
    if gone:
        named = ", ".join("/".join(pair) for pair in sorted(gone)[:10])
        raise StandardError(f"published codes may not be removed or renamed: {named}")


def _pairs(text: str) -> set[tuple[str, str]]:
    return {
        (table["id"], entry["code"])
        for table in json.loads(text)["tables"]
        for entry in table["entries"]
    }


def _row_schema(
    name: str, record: Record, model: type[Any], tables: Mapping[str, CodeTable]
) -> dict[str, Any]:
    """The dataclass's schema, of the fields files have, with their names, limits and codes."""
    made = TypeAdapter(model).json_schema()
    defs, properties = made.get("$defs", {}), made["properties"]
    fields = {field.name: field for field in record.fields}
    kept = {
        field.name: _described(properties[field.name], field, tables, nullable=not field.required)
        for field in fields.values()
    }
    return _root(
        name,
        record.name,
        kept,
        [field.name for field in record.fields if field.required],
        _needed_defs(kept, defs, tables),
    )


def _view_schema(tables: Mapping[str, CodeTable]) -> dict[str, Any]:
    made = TypeAdapter(OrderView).json_schema(mode="serialization")
    known = {field.name: field for field in ORDERS.fields}
    defs = made.get("$defs", {})
    kept = {
        name: _described(schema, known[name], tables, nullable=_nullable(schema))
        if name in known
        else schema
        for name, schema in made["properties"].items()
    }
    left = _needed_defs(kept, defs, tables)
    return _root("order-view", "工单（不含个人信息）", kept, made["required"], left)


def _fields_schema(name: str, record: Record, tables: Mapping[str, CodeTable]) -> dict[str, Any]:
    kept = {}
    for field in record.fields:
        base = _TYPES.get(field.form, {"type": "string"})
        kept[field.name] = _described(dict(base), field, tables, nullable=True)
    return _root(name, f"{record.name}（导出行）", kept, [], {})


def _root(
    name: str, title: str, properties: dict[str, Any], required: list[str], defs: dict[str, Any]
) -> dict[str, Any]:
    root: dict[str, Any] = {
        "$schema": _DIALECT,
        "$id": f"{_URN}:v{VERSION.partition('.')[0]}:{name}",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if defs:
        root["$defs"] = defs
    return root


def _described(
    schema: dict[str, Any], field: Field, tables: Mapping[str, CodeTable], *, nullable: bool
) -> dict[str, Any]:
    """The property with Chinese title, explanation, limit and codes."""
    inner: dict[str, Any] = {
        key: value for key, value in schema.items() if key not in ("title", "default")
    }
    if field.table is not None and field.form in (Form.CODE, Form.CODES):
        codes: dict[str, Any] = {
            "oneOf": [{"const": e.code, "title": e.name} for e in tables[field.table].entries]
        }
        many: dict[str, Any] = {"type": "array", "uniqueItems": True, "items": codes}
        inner = many if field.form is Form.CODES else codes
    elif "anyOf" in inner:
        inner = next(one for one in inner["anyOf"] if one.get("type") != "null")
    if field.limit is not None:
        inner["maxLength"] = field.limit
    if field.required and inner.get("type") == "string" and "format" not in inner:
        inner["minLength"] = 1
    whole = {"anyOf": [inner, {"type": "null"}]} if nullable else inner
    told: dict[str, Any] = {"title": field.label}
    if field.about:
        told["description"] = field.about
    if field.table is not None:
        told["x-code-table"] = field.table
    return {**told, **whole}


def _nullable(schema: Mapping[str, Any]) -> bool:
    return any(one.get("type") == "null" for one in schema.get("anyOf", ()))


def _needed_defs(
    properties: Mapping[str, Any], defs: Mapping[str, Any], tables: Mapping[str, CodeTable]
) -> dict[str, Any]:
    """The definitions that are referred to, also by one another."""
    found: dict[str, Any] = {}
    edge = json.dumps(properties)
    while new := [key for key in defs if key not in found and f'"#/$defs/{key}"' in edge]:
        found |= {key: _plain_def(defs[key], tables) for key in new}
        edge = json.dumps(found)
    return found


def _plain_def(schema: Mapping[str, Any], tables: Mapping[str, CodeTable]) -> dict[str, Any]:
    """A definition without our English notes; codes with their Chinese names."""
    if "enum" in schema:
        for table in tables.values():
            if [entry.code for entry in table.entries] == schema["enum"]:
                named = [{"const": entry.code, "title": entry.name} for entry in table.entries]
                return {"title": table.name, "x-code-table": table.id, "oneOf": named}
    return {key: value for key, value in schema.items() if key != "description"}


def _codes(tables: Mapping[str, CodeTable]) -> dict[str, Any]:
    return {
        "standard": "hotline-12348",
        "version": VERSION,
        "tables": [table_json(table) for table in tables.values()],
    }


def table_json(table: CodeTable) -> dict[str, Any]:
    """A table as files and the API give it."""
    entries = []
    for entry in table.entries:
        row = {"code": entry.code, "name": entry.name}
        if entry.parent is not None:
            row["parent"] = entry.parent
        entries.append(row)
    return {"id": table.id, "name": table.name, "source": table.source, "entries": entries}


def _dump(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _page(tables: Mapping[str, CodeTable]) -> Iterator[str]:
    yield "# 数据标准"
    yield ""
    yield f"版本 {VERSION}。本页由 `hotline standard write` 生成，请勿手工修改；"
    yield "来源是 `hotline/domain/codes.py`、`hotline/domain/order_codes.py`、"
    yield "`hotline/knowledge/data/regions.yaml` 和 `hotline/exchange/fields.py`。"
    yield ""
    yield "- 代码一经公布，不改名、不改义、不删除；名称可以改进。增加代码，版本的第二位加一；"
    yield "  改变文件含义，第一位加一。`docs/schema/v1/codes.json` 是同样内容的机读版。"
    yield "- JSON Schema（2020-12）在 `docs/schema/v1/`：`intake`、`order-view`、`order-row`、"
    yield "  `institution`、`person`、`duty`。"
    yield "- 文件：JSON Lines（每行一个对象，UTF-8）、XLSX（首行为列名：中文名、英文名或两者）、"
    yield "  CSV（UTF-8 或 GB 18030，只用于导入）。未知的列和代码一律拒绝，"
    yield "  并指出工作表、行、字段和改法；整份文件检查无误才写入，最多列出 100 处错误；"
    yield "  重复导入不产生重复数据。"
    yield "- 没有的列保持原值；有列而单元格为空，表示清空或取默认值。"
    yield "- 文字一律按文字写出，不会成为公式；电话号码是文字。时间没有写时区的，按北京时间。"
    yield ""
    yield "## 文件的列"
    for record in RECORDS.values():
        yield ""
        yield f"### {record.name} `{record.id}`"
        yield ""
        yield "| 列 | 字段 | 写法 | 必填 | 说明 |"
        yield "|---|---|---|---|---|"
        for field in record.fields:
            yield _field_line(field)
    yield ""
    yield "## 代码表"
    for table in tables.values():
        yield ""
        yield f"### {table.name} `{table.id}`"
        yield ""
        if table.source:
            yield f"依据：{table.source}"
            yield ""
        yield "| 代码 | 名称 |"
        yield "|---|---|"
        for entry in table.entries:
            yield f"| `{entry.code}` | {entry.name} |"


def _field_line(field: Field) -> str:
    form = f"代码表 `{field.table}`" if field.table else field.form.label
    if field.form is Form.CODES:
        form += "，多个用顿号隔开"
    if field.form is Form.GRANTS:
        form = field.form.label
    notes = [field.about] if field.about else []
    if field.limit:
        notes.append(f"最长{field.limit}字")
    if field.personal:
        notes.append("个人信息")
    needed = "是" if field.required else ""
    return f"| {field.label} | `{field.name}` | {form} | {needed} | {'；'.join(notes)} |"
