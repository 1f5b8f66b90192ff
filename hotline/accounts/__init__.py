"""People, roles, scope and API keys: who may do what, and where."""
