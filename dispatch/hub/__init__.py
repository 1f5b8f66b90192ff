"""Both directions of the hub protocol (docs/hub-protocol.md).

``messages`` says what is sent, ``outbox`` and ``outbox_rows`` when, ``pusher.HubPusher`` sends it.
"""
