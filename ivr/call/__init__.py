"""One caller's call: who may speak now, media, dialogue, hand-over, record."""
