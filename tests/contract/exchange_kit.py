"""Files made for tests as people make them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from hotline.domain.order_codes import Right
from hotline.domain.people import Actor

OPERATOR = Actor("operator", rights=frozenset(Right))


def sheet(path: Path, *rows: Sequence[Any], name: str = "表") -> Path:
    """An XLSX with one sheet; None leaves a cell out."""
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    page.write_string(row, column, cell)
                elif cell is not None:
                    page.write(row, column, cell)
    return path


def lines(path: Path, *rows: Any) -> Path:
    """A JSON Lines file; texts stand as they are."""
    made = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(made), encoding="utf-8", errors="surrogatepass")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hidden_files(folder: Path) -> list[str]:
    """What was left half-written."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]
