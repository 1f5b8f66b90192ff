"""Seats and the queue at work: what the pages and the calls use."""
