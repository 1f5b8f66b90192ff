"""The words of the trade: frozen dataclasses, enums, code tables. Imports nothing of ours."""
