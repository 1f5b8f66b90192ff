"""What the planner's commands share: tables read strictly, errors in plain words.

Errors and JSON are told here as ``hotline.commands.common`` tells them, without its imports: those
take four times as long as most of what is computed here.
"""

import csv
import functools
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from seat_planner.errors import PlanInputError

P = ParamSpec("P")
R = TypeVar("R")

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_ISO = "{:04}-{:02}-{:02}"

JSON = typer.Option("--json", help="每行输出一个 JSON 对象")


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a refusal into one plain line and exit status 1; Ctrl-C ends with 130, quietly."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except PlanInputError as error:
            typer.echo(f"✗ {error}", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(0) from None

    return wrapped


class Row(dict[str, str]):
    """Cells by column, and the line of the file they end on (the head is line 1)."""

    __slots__ = ("line",)

    def __init__(self, cells: Mapping[str, str], line: int) -> None:
        super().__init__(cells)
        self.line = line

    def wrong(self, column: str, mend: str) -> PlanInputError:
        """The error that names this row and column."""
        return PlanInputError(f"第{self.line}行 {column}", mend)


def read_table(path: Path, needed: Sequence[str]) -> list[Row]:
    """Rows of a CSV in UTF-8 or GB 18030, cells stripped, blank lines left out.

    Raises PlanInputError naming the file.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        raise PlanInputError(str(path), "读不到文件，请检查路径和权限") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise PlanInputError(str(path), "不是UTF-8或GBK文本，请另存为CSV UTF-8") from None
    reader = csv.DictReader(io.StringIO(text))
    names = [str(name).strip() for name in reader.fieldnames or ()]
    missing = [name for name in needed if name not in names]
    if missing:
        raise PlanInputError(str(path), f"缺少列 {'、'.join(missing)}，请在首行补上列名")
    reader.fieldnames = names
    rows = []
    for row in reader:
        cells = {name: (row.get(name) or "").strip() for name in names}
        if any(cells.values()):
            rows.append(Row(cells, reader.line_num))
    if not rows:
        raise PlanInputError(str(path), "没有数据行")
    return rows


def number(row: Row, column: str) -> float | None:
    """A cell as a number; None where empty. Raises PlanInputError naming row and column."""
    cell = row.get(column, "")
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        raise row.wrong(column, f"“{cell[:20]}”不是数字，请改正") from None


def moment(row: Row, column: str) -> datetime:
    """A cell as date and time of day (midnight where none is written), 2026/3/1 8:30 too.

    Raises PlanInputError naming row and column.
    """
    cell = row.get(column, "")
    found = _DAY.match(cell)
    plain = cell if found is None else _ISO.format(*map(int, found.groups())) + cell[found.end() :]
    plain = re.sub(r"([T ])(\d):", r"\g<1>0\2:", plain)
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        mend = f"“{cell[:20]}”不是日期或时间，请写成 2026-03-01 08:30"
        raise row.wrong(column, mend) from None


def emit(row: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; nothing in a pipe or log."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
