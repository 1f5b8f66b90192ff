"""People to ring: to help them (callback), or to ask how it went (follow_up)."""
