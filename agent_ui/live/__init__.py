"""Live documents: what pages show, sent as a snapshot and then as numbered changes."""
