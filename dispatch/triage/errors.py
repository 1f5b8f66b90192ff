"""Errors of triage.

HotlineError
 └─ InputError
     └─ RulesError      a rules file is wrong; the message lists every place and its mend
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hotline.errors import InputError


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """Something wrong in a rules file: where it is and what mends it."""

    file: str
    rule: str
    """``urgency / 群体欠薪``; empty for the whole file."""
    field: str
    fix: str

    def __str__(self) -> str:
        rule = f"规则 {self.rule}，" if self.rule else ""
        field = f"字段 {self.field}，" if self.field else ""
        return f"{self.file}：{rule}{field}{self.fix}"


class RulesError(InputError):
    """A rules file is wrong; ``problems`` holds every one that was found."""

    code = "bad-triage-rules"

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
