"""A file in: checked whole, all its mistakes told at once, and only then written.

Two passes over the file, a few hundred rows in memory at a time. What is there already stays as it
is, so the same file may be imported again, also after an interruption.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from hotline.accounts.records import Saved
from hotline.domain.standard import CodeTable
from hotline.errors import HotlineError, InputError
from hotline.exchange.cells import parse
from hotline.exchange.errors import CellError, FileError, ImportRefusedError, Problem
from hotline.exchange.fields import Record
from hotline.exchange.files import RawRow, Reader, headers_of, open_reader, row_problem

T = TypeVar("T")
BATCH = 300
MAX_PROBLEMS = 100
Values = Mapping[str, Any]
"""Parsed cells of one row by field name; only the columns that are there."""


class Target(Protocol[T]):
    """Where rows of one kind go."""

    record: Record

    def key(self, values: Values) -> str:
        """What makes a row itself: two of a file may not have the same."""

    async def existing(self, keys: Sequence[str]) -> Mapping[str, T]:
        """What is kept under these keys already."""

    def assemble(self, values: Values, old: T | None) -> T:
        """The item of a row; columns that are not there stay as in ``old``. Raises InputError."""

    async def check(self, items: Sequence[T]) -> Sequence[HotlineError | None]:
        """What is wrong with each item against what is kept and the rows before."""

    async def at_end(self) -> Sequence[tuple[int, HotlineError]]:
        """What is wrong between rows: (place among all items checked, error)."""

    async def write(self, items: Sequence[T], *, last: bool) -> Sequence[Saved]:
        """Keep the items; ``last`` with the last batch (which may be empty)."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    rows: int
    created: int
    changed: int
    same: int


Progress = Callable[[str, int, int], None]
"""(what is being done, rows done, rows in all or 0 when not known)"""


def _silent(what: str, done: int, whole: int) -> None:
    """Tells nobody."""


async def import_file(
    path: Path,
    target: Target[T],
    tables: Mapping[str, CodeTable],
    progress: Progress = _silent,
    *,
    dry_run: bool = False,
) -> ImportReport:
    """Check the file, then write it (not with ``dry_run``).

    Raises FileError, ImportRefusedError (nothing was written), and the database's errors while
    writing (what was written stays; import the file again).
    """
    reader = open_reader(path, target.record)
    run = _Run(reader, target, tables, progress)
    run.map_headers()
    await run.check()
    if run.problems:
        raise ImportRefusedError(tuple(run.problems), more=run.more)
    if dry_run:
        return ImportReport(run.count, 0, 0, 0)
    saved = await run.write()
    return ImportReport(run.count, saved[Saved.CREATED], saved[Saved.CHANGED], saved[Saved.SAME])


@dataclass
class _Run(Generic[T]):
    reader: Reader
    target: Target[T]
    tables: Mapping[str, CodeTable]
    progress: Progress
    problems: list[Problem] = field(default_factory=list)
    more: bool = False
    count: int = 0
    _names: Mapping[str, str] | None = None
    _seen: set[bytes] = field(default_factory=set)
    _numbers: list[int] = field(default_factory=list)
    """Row number of each item that was checked."""

    def map_headers(self) -> None:
        if self.reader.headers is None:
            return
        self._names, wrong = headers_of(self.target.record, self.reader.headers)
        if wrong:
            listed = [Problem(self.reader.sheet, 0, "", mend) for mend in wrong]
            raise ImportRefusedError(tuple(listed[:MAX_PROBLEMS]), more=len(listed) > MAX_PROBLEMS)

    async def check(self) -> None:
        for batch in _batches(self.reader.rows()):
            if self.more:
                return
            self.count += len(batch)
            self.progress("检查", self.count, 0)
            parsed = [(row.number, values) for row in batch if (values := self._parse(row))]
            await self._check_items(parsed)
        for place, error in await self.target.at_end():
            self._note(self._numbers[place], error)
        self.problems.sort(key=lambda problem: problem.row)
        if not self.count and not self.problems:
            self.problems.append(Problem(self.reader.sheet, 0, "", "文件里没有内容"))

    async def write(self) -> Counter[Saved]:
        saved: Counter[Saved] = Counter()
        done = 0
        for batch in _batches(self.reader.rows()):
            rows = [values for row in batch if (values := self._parse(row)) is not None]
            if len(rows) < len(batch):
                raise FileError("文件在导入时被改动，请重新导入", field="file")
            items = await self._assemble_all(rows)
            saved.update(await self.target.write(items, last=False))
            done += len(batch)
            self.progress("写入", done, self.count)
        saved.update(await self.target.write([], last=True))
        return saved

    async def _assemble_all(self, rows: Sequence[Values]) -> list[T]:
        old = await self.target.existing([self.target.key(values) for values in rows])
        return [self.target.assemble(values, old.get(self.target.key(values))) for values in rows]

    async def _check_items(self, parsed: Sequence[tuple[int, Values]]) -> None:
        fresh = [(number, values) for number, values in parsed if self._is_new(number, values)]
        old = await self.target.existing([self.target.key(values) for _, values in fresh])
        items: list[tuple[int, T]] = []
        for number, values in fresh:
            try:
                items.append(
                    (number, self.target.assemble(values, old.get(self.target.key(values))))
                )
            except InputError as error:
                self._note(number, error)
        errors = await self.target.check([item for _, item in items])
        self._numbers += [number for number, _ in items]
        for (number, _), found in zip(items, errors, strict=True):
            if found is not None:
                self._note(number, found)

    def _is_new(self, number: int, values: Values) -> bool:
        mark = hashlib.blake2b(self.target.key(values).encode(), digest_size=12).digest()
        if mark in self._seen:
            self._add(number, "", "与前面的一行是同一条，请删去一行")
            return False
        self._seen.add(mark)
        return True

    def _parse(self, row: RawRow) -> dict[str, Any] | None:
        """The row's values; None when something is wrong with it (noted while checking)."""
        before = len(self.problems)
        if row.problem is not None:
            self._add(row.number, "", row.problem)
            return None
        if self._names is None:
            named = {header: header for header in row.cells}
            extra = [name for name in named if name not in self._field_names()]
            for name in extra:
                self._add(row.number, "", f"没有字段“{name[:20]}”，请检查拼写或删去")
            if extra:
                return None
        else:
            named = dict(self._names)
        values: dict[str, Any] = {}
        for header, name in named.items():
            column = self.target.record.field(name)
            try:
                values[name] = parse(column, row.cells.get(header), self.tables)
            except CellError as error:
                self._note(row.number, error)
        for column in self.target.record.fields:
            empty = values.get(column.name) is None
            told = any(problem.field == column.name for problem in self.problems[before:])
            if column.required and empty and not told and not self.more:
                self._add(
                    row.number, column.name, f"{column.label} {column.name}：不能为空，请填写"
                )
        return values if len(self.problems) == before and not self.more else None

    def _field_names(self) -> set[str]:
        return {column.name for column in self.target.record.fields}

    def _note(self, number: int, error: HotlineError) -> None:
        name = error.field or "" if isinstance(error, InputError) else ""
        self._add(number, name, self._told(name, str(error)))

    def _told(self, name: str, mend: str) -> str:
        """Put the Chinese name before a field's own."""
        for column in self.target.record.fields:
            if column.name == name and mend.startswith(f"{name}："):
                return f"{column.label} {mend}"
        return mend

    def _add(self, row: int, name: str, mend: str) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            self.more = True
            return
        self.problems.append(row_problem(self.reader, row, name, mend))


def _batches(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    batch: list[RawRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
