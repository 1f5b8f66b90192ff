"""``hotline plan``: the seat planner's commands."""

from seat_planner.commands import plan_app

__all__ = ["plan_app"]
