"""Matching: who should have an order; offers and claims; learning from outcomes."""
