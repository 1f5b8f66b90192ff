"""What the planner's mathematics refuses. It knows nothing of the hotline's own errors."""


class PlanInputError(ValueError):
    """A number that cannot be meant; ``field`` names it, the message says what would do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}：{message}")
        self.field = field


def at_least(field: str, value: float, least: float) -> None:
    """Raise PlanInputError unless ``value`` is a number and not below ``least``."""
    if not least <= value < float("inf"):
        raise PlanInputError(field, f"须为不小于{least:g}的数")


def above(field: str, value: float, bound: float) -> None:
    """Raise PlanInputError unless ``value`` is a number greater than ``bound``."""
    if not bound < value < float("inf"):
        raise PlanInputError(field, f"须为大于{bound:g}的数")
