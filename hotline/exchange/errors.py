"""Errors of exchange.

HotlineError
 ├─ InputError
 │   ├─ FileError             the file cannot be read at all
 │   ├─ CellError             one value is wrong (field and mend)
 │   └─ ImportRefusedError    rows are wrong; nothing was written
 └─ StandardError             a published code would vanish
"""

from dataclasses import dataclass

from hotline.errors import HotlineError, InputError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, and what mends it. Never holds the value of a person."""

    sheet: str
    """Name of the sheet; empty in files without sheets."""
    row: int
    """Number of the row (or line) as the file's program shows it; 0: the whole file."""
    field: str
    """Name of the field, as in the code tables; empty: the whole row."""
    mend: str

    def __str__(self) -> str:
        sheet = f"工作表“{self.sheet}” " if self.sheet else ""
        row = f"第{self.row}行 " if self.row else ""
        return f"{sheet}{row}{self.mend}"


class FileError(InputError):
    """The file cannot be read at all."""

    code = "bad-file"


class CellError(InputError):
    """One value is wrong."""

    code = "bad-value"


class ImportRefusedError(InputError):
    """Rows are wrong. Nothing was written."""

    code = "import-refused"

    def __init__(self, problems: tuple[Problem, ...], *, more: bool) -> None:
        count = f"{len(problems)}{'处以上' if more else '处'}"
        super().__init__(f"文件有{count}错误，没有导入任何内容，请改正后重新导入")
        self.problems = problems
        self.more = more
        """There are more than were listed."""


class StandardError(HotlineError):
    """A published code would vanish, or get another table."""

    code = "published-code-removed"
