"""Triage: kind, urgency, complexity, region, answer or dispatch, by rules a manager can edit."""

from dispatch.triage.errors import RuleProblem, RulesError
from dispatch.triage.load import RULES, check_rules, load_rules, parse_rules
from dispatch.triage.models import RuleBook
from dispatch.triage.rules import Fired, dry_run, triage
from dispatch.triage.told import Told, told

__all__ = [
    "RULES",
    "Fired",
    "RuleBook",
    "RuleProblem",
    "RulesError",
    "Told",
    "check_rules",
    "dry_run",
    "load_rules",
    "parse_rules",
    "told",
    "triage",
]
