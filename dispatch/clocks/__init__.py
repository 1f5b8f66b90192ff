"""Deadlines of orders: how long, warned of when, escalated to whom (``docs/deadlines.md``).

``policy`` decides, ``rows`` carries out what steps do to clocks, ``scan`` takes what is due.
"""
