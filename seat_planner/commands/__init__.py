"""``hotline plan``: works from a file on a machine with nothing else set up."""

import typer

from seat_planner.commands.cost import cost
from seat_planner.commands.erlang import erlang
from seat_planner.commands.forecast import forecast
from seat_planner.commands.report import demo, report
from seat_planner.commands.seats import seats
from seat_planner.commands.simulate import simulate
from seat_planner.commands.today import budget, today
from seat_planner.commands.year import year

plan_app = typer.Typer(no_args_is_help=True, help="座席测算：从话务量到座席数")
plan_app.command("erlang")(erlang)
plan_app.command("seats")(seats)
plan_app.command("year")(year)
plan_app.command("cost")(cost)
plan_app.command("simulate")(simulate)
plan_app.command("report")(report)
plan_app.command("demo")(demo)
plan_app.command("forecast")(forecast)
plan_app.command("today")(today)
plan_app.command("budget")(budget)

__all__ = ["plan_app"]
