"""The commands of ``hotline``, one module for each kind of work."""
