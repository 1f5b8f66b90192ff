"""The words of the trade: plain frozen dataclasses, enums and code tables. Imports nothing of ours."""
