"""What a forecast cannot be made of."""

from seat_planner.errors import PlanInputError


class ForecastError(PlanInputError):
    """The given series, horizon or event does not make a forecast; the message names the mend."""

    def __init__(self, message: str, *, field: str = "csv") -> None:
        super().__init__(field, message)
