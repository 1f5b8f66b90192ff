"""Files: JSON Lines, XLSX and CSV row by row. Written whole or not at all, for the owner alone."""

import csv
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TextIO

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from hotline.domain.standard import CodeTable
from hotline.exchange.cells import plain, render
from hotline.exchange.errors import FileError, Problem
from hotline.exchange.fields import Record

MAX_LINE = 1 << 20
"""Bytes of one line of JSON."""
MAX_UNPACKED = 1 << 30
"""Bytes an XLSX may unpack to: a small file must not fill the memory."""
MAX_SHEET_ROWS = 1_048_575
"""Rows of an XLSX sheet below its header."""
KINDS = (".jsonl", ".xlsx", ".csv")
_WIDTH = 18


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file."""

    number: int
    """As the file's program shows it."""
    cells: Mapping[str, object]
    """By header, as written there."""
    problem: str | None = None
    """Why the row cannot be read."""


class Reader(Protocol):
    """The rows of a file; may be gone through again."""

    sheet: str

    @property
    def headers(self) -> Sequence[str] | None:
        """As written in the file; None: every row names its own fields (JSON Lines)."""

    def rows(self) -> Iterator[RawRow]:
        """Every row that is not empty."""


def open_reader(path: Path, record: Record) -> Reader:
    """A reader by the file's name. Raises FileError."""
    if path.suffix.lower() not in KINDS:
        raise FileError(f"不认识的文件类型，须以 {'、'.join(KINDS)} 之一结尾", field="file")
    if not path.is_file():
        raise FileError(f"没有文件 {path}", field="file")
    if path.suffix.lower() == ".xlsx":
        return SheetReader(path, record)
    return JsonReader(path) if path.suffix.lower() == ".jsonl" else CsvReader(path)


class JsonReader:
    """JSON Lines: one object a line, UTF-8."""

    sheet = ""
    headers: Sequence[str] | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[RawRow]:
        """See ``Reader``."""
        with self._path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    yield RawRow(number, {}, f"一行超过{MAX_LINE}字节，请拆分")
                    return  # where the next line begins is not known without reading on
                if line.strip():
                    yield _json_row(number, line.removeprefix(b"\xef\xbb\xbf"))


class SheetReader:
    """The sheet named like the record, or the first one; the header is the first row not empty."""

    def __init__(self, path: Path, record: Record) -> None:
        """Raises FileError: no XLSX, locked by a password, too large, without a header."""
        try:
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(item.file_size for item in packed.infolist())
            if unpacked > MAX_UNPACKED:
                raise FileError(
                    f"解压后超过{MAX_UNPACKED >> 30} GB，请拆成几个文件或改用 .jsonl", field="file"
                )
            book = CalamineWorkbook.from_path(path)
            name = record.name if record.name in book.sheet_names else book.sheet_names[0]
            self._sheet = book.get_sheet_by_name(name)
        except (zipfile.BadZipFile, CalamineError, IndexError):
            raise FileError(
                "不是能打开的 .xlsx 文件（损坏或有密码），请另存后重试", field="file"
            ) from None
        self.sheet = name
        header = next(((n, row) for n, row in self._numbered() if _filled(row)), None)
        if header is None:
            raise FileError(f"工作表“{name}”是空的，第一行应为列名", field="file")
        self._first = header[0]
        self._headers = [str(cell).strip() for cell in header[1]]

    @property
    def headers(self) -> Sequence[str]:
        """See ``Reader``."""
        return self._headers

    def rows(self) -> Iterator[RawRow]:
        """See ``Reader``."""
        for number, row in self._numbered():
            if number > self._first and _filled(row):
                cells = zip(self._headers, row, strict=False)
                yield RawRow(number, {head: cell for head, cell in cells if head})

    def _numbered(self) -> Iterator[tuple[int, list[Any]]]:
        return enumerate(self._sheet.iter_rows(), 1)


class CsvReader:
    """CSV as Excel saves it here: UTF-8 or GB 18030, comma, semicolon or tab."""

    sheet = ""

    def __init__(self, path: Path) -> None:
        """Raises FileError: an unknown encoding, no header."""
        self._path = path
        self._encoding = _encoding(path)
        with self._open() as file:
            head = file.readline()
        self._delimiter = max(",;\t", key=head.count)
        self._headers = [
            cell.strip() for cell in next(csv.reader([head], delimiter=self._delimiter), [])
        ]
        if not any(self._headers):
            raise FileError("文件是空的，第一行应为列名", field="file")

    @property
    def headers(self) -> Sequence[str]:
        """See ``Reader``."""
        return self._headers

    def rows(self) -> Iterator[RawRow]:
        """See ``Reader``."""
        with self._open() as file:
            reader = csv.reader(file, delimiter=self._delimiter)
            try:
                next(reader, None)
                for row in reader:
                    if any(cell.strip() for cell in row):
                        cells = zip(self._headers, row, strict=False)
                        yield RawRow(reader.line_num, {head: cell for head, cell in cells if head})
            except csv.Error:
                yield RawRow(reader.line_num, {}, "这一行读不出来，请检查引号是否成对")

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, newline="")


class Writer:
    """Writes one file of a record's rows; what is there is replaced only by a whole file.

    Use as a context; an error leaves the old file as it was. The file's mode is 600: it may hold
    personal data.
    """

    def __init__(self, path: Path, record: Record, tables: Mapping[str, CodeTable]) -> None:
        """Raises FileError: an unknown kind, no such folder."""
        if path.suffix.lower() not in (".jsonl", ".xlsx"):
            raise FileError("导出文件须以 .jsonl 或 .xlsx 结尾", field="file")
        if not path.parent.is_dir():
            raise FileError(f"没有目录 {path.parent}", field="file")
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        handle = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.rows = 0
        self._sink: _JsonSink | _SheetSink
        if path.suffix.lower() == ".jsonl":
            self._sink = _JsonSink(os.fdopen(handle, "w", encoding="utf-8"), record)
        else:
            os.close(handle)
            self._sink = _SheetSink(self._temporary, record, tables)

    def add(self, values: Mapping[str, Any]) -> None:
        """One row; ``values`` by field name. Raises FileError: the sheet is full."""
        self._sink.add(values)
        self.rows += 1

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._sink.close()
            if kind is None:
                self._temporary.replace(self._path)
        finally:
            self._temporary.unlink(missing_ok=True)


class _JsonSink:
    def __init__(self, file: TextIO, record: Record) -> None:
        self._file = file
        self._record = record

    def add(self, values: Mapping[str, Any]) -> None:
        row = {field.name: plain(field, values.get(field.name)) for field in self._record.fields}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


class _SheetSink:
    """Every text is written as text: never as a formula, a link or a number."""

    def __init__(self, path: Path, record: Record, tables: Mapping[str, CodeTable]) -> None:
        # constant_memory: a row goes to the disk when the next one begins
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"bold": True, "num_format": "@"})
        self._record = record
        self._tables = tables
        self._sheet = self._book.add_worksheet(record.name)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(record.fields) - 1, _WIDTH, self._text)
        for column, field in enumerate(record.fields):
            self._sheet.write_string(0, column, f"{field.label} {field.name}", self._bold)
        self._row = 0

    def add(self, values: Mapping[str, Any]) -> None:
        if self._row >= MAX_SHEET_ROWS:
            raise FileError(f".xlsx 最多{MAX_SHEET_ROWS}行，请改用 .jsonl", field="file")
        self._row += 1
        for column, field in enumerate(self._record.fields):
            cell = render(field, values.get(field.name))
            if isinstance(cell, str):
                self._sheet.write_string(self._row, column, cell, self._text)
            elif cell is not None:
                self._sheet.write_number(self._row, column, cell)

    def close(self) -> None:
        used = [field.table for field in self._record.fields if field.table]
        sheet = self._book.add_worksheet("代码表")
        heads = ("代码表", "编号", "代码", "名称")
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, self._bold)
        row = 0
        for name in dict.fromkeys(used):
            table = self._tables[name]
            for entry in table.entries:
                row += 1
                for column, word in enumerate((table.name, table.id, entry.code, entry.name)):
                    sheet.write_string(row, column, word, self._text)
        self._book.close()


def headers_of(record: Record, headers: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """(field name by header, what is wrong with the headers). A header may be the Chinese name,
    the field's name, or both.
    """
    known = {}
    for field in record.fields:
        for word in (field.name, field.label, f"{field.label} {field.name}"):
            known[word] = field.name
    found: dict[str, str] = {}
    wrong: list[str] = []
    for header in filter(None, headers):
        name = known.get(header) or known.get(header.strip().lower())
        if name is None:
            wrong.append(f"没有“{header[:20]}”这一列，请改成：{_names(record)}，或删去")
        elif name in found.values():
            wrong.append(f"“{header[:20]}”这一列有两个，请删去一个")
        else:
            found[header] = name
    for field in record.fields:
        if field.required and field.name not in found.values():
            wrong.append(f"缺少“{field.label} {field.name}”这一列，请补上")
    return found, wrong


def row_problem(reader: Reader, row: int, field: str, mend: str) -> Problem:
    """A problem at a place of this file."""
    return Problem(reader.sheet, row, field, mend)


def _names(record: Record) -> str:
    return "、".join(field.label for field in record.fields)


def _json_row(number: int, line: bytes) -> RawRow:
    try:
        found = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return RawRow(number, {}, "不是一个完整的 JSON 对象（UTF-8），请检查这一行")
    if not isinstance(found, dict):
        return RawRow(number, {}, "须为 JSON 对象，如 {…}")
    return RawRow(number, found)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _filled(row: Sequence[object]) -> bool:
    return any(not isinstance(cell, str) or cell.strip() for cell in row)


def _encoding(path: Path) -> str:
    for name in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=name) as file:
                while file.read(1 << 16):
                    pass
        except UnicodeDecodeError:
            continue
        return name
    raise FileError("文字编码须为 UTF-8 或 GB 18030，请另存后重试", field="file")
