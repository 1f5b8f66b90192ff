"""Sound between Asterisk and us over chan_websocket: 16 kHz mono 16-bit, 20 ms frames."""

FRAME_S = 0.02
"""Seconds of one frame."""
RATE = 16000
"""Samples a second."""
FRAME_BYTES = 640
"""Bytes of one frame: 320 samples of 16 bit."""
