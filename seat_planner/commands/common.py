"""What the planner's commands share: tables read strictly, errors in plain words."""

import csv
import functools
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from seat_planner.errors import PlanInputError

P = ParamSpec("P")
R = TypeVar("R")

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


def read_table(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV in UTF-8 or GB 18030, cells stripped. Raises PlanInputError naming the file."""
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
    rows = [
        {name: (row.get(name) or "").strip() for name in names}
        for row in reader
        if any((value or "").strip() for value in row.values() if isinstance(value, str))
    ]
    if not rows:
        raise PlanInputError(str(path), "没有数据行")
    return rows


def number(row: dict[str, str], column: str, line: int) -> float | None:
    """A cell as a number; None where empty. Raises PlanInputError naming row and column."""
    cell = row.get(column, "")
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        raise PlanInputError(f"第{line}行 {column}", f"“{cell[:20]}”不是数字，请改正") from None


def emit(row: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
