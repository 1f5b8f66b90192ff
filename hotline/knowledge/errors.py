"""Errors of the knowledge base.

HotlineError
 └─ InputError
     └─ KnowledgeError      knowledge files are wrong; the message lists every place and its fix
"""

from collections.abc import Sequence

from hotline.errors import InputError
from hotline.knowledge.models import Problem


class KnowledgeError(InputError):
    """Knowledge files are wrong; ``problems`` holds every one that was found."""

    code = "bad-knowledge"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
