"""Asterisk: found or installed, configured, started; its fallback while the hotline is away."""
