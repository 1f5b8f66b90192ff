"""Our thin ARI client: REST over the event WebSocket, ordered events, reconnect, reconcile."""

from ivr.ari.client import AriClient, LinkState
from ivr.ari.protocol import AriEvent

__all__ = ["AriClient", "AriEvent", "LinkState"]
