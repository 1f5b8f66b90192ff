"""hotline-12348: the core every other package stands on (settings, data, language, knowledge)."""

__version__ = "0.1.0"
