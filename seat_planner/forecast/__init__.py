"""Forecasts: half-hours over days to a year ahead, with intervals.

Pure mathematics (numpy, scipy): nothing here reads a file, a clock or the hotline's records.
``make.forecast`` and ``backtest.backtest`` take a ``series.Series``.
"""
