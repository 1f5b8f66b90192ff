"""Callers who wait for a person, and the seats that take them: a sans-I/O core."""
