"""All Prometheus metrics of the hotline, in a registry of their own.

Labels are short closed lists of codes: never a call id, a number, a name or free text.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2.0, 3.0, 5.0, 10.0)
_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"hotline_{name}", text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"hotline_{name}", text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"hotline_{name}", text, labels, buckets=buckets, registry=REGISTRY)


# calls
CALLS_STARTED = _counter("calls_started", "Calls that came in")
CALLS_ANSWERED = _counter("calls_answered", "Calls answered by the hotline")
CALLS_ENDED = _counter("calls_ended", "Calls ended, by outcome", "outcome")
CALLS_ADOPTED = _counter("calls_adopted", "Live calls taken over after a restart")
CALLS_ACTIVE = _gauge("calls_active", "Calls going on")
ANSWER_SECONDS = _histogram("answer_seconds", "From the call's arrival to its answer", _LATENCY)
REPLY_SECONDS = _histogram(
    "reply_seconds", "From the end of the caller's speech to our first word of substance", _LATENCY
)
TURNS = _counter("turns", "Things said, by who said them", "speaker")
BARGE_INS = _counter("barge_ins", "Speech over our voice: taken as words, or not", "result")

# PBX and media
ARI_CONNECTED = _gauge("ari_connected", "1 while the ARI link is up and the app registered")
ARI_RECONNECTS = _counter("ari_reconnects", "Times the ARI link was lost and made again")
ARI_JUNK = _counter("ari_junk", "ARI messages that could not be understood")
MEDIA_LOST = _counter("media_lost", "Media sockets lost in mid-call")
RECORDING_ERRORS = _counter(
    "recording_errors", "Recording chunks that could not be written", "code"
)

# recognition and voice
ASR_UTTERANCES = _counter("asr_utterances", "Utterances recognised", "engine")
ASR_SECONDS = _histogram("asr_seconds", "Time to decode one utterance", _LATENCY, "engine")
ASR_SHED = _counter("asr_shed", "Recognition work given up for want of cores", "kind")
ASR_LOST = _counter("asr_lost", "Utterances lost with a crashed worker")
ASR_WORKER_STARTS = _counter("asr_worker_starts", "Recognition workers started")
VOICE_CACHE = _counter(
    "voice_cache",
    "Texts spoken: cached, rendered (fixed, but not rendered ahead), fresh (with variable words)",
    "result",
)
VOICE_SECONDS = _histogram("voice_seconds", "Time to the first sound of a rendered text", _LATENCY)

# orders and hub
ORDERS_FILED = _counter("orders_filed", "Orders filed, by terminal", "terminal")
HUB_PUSHES = _counter("hub_pushes", "Messages pushed to the hub, by result", "result")
HUB_PUSH_SECONDS = _histogram("hub_push_seconds", "Time of one push to the hub", _SHORT)
HUB_ACK_SECONDS = _histogram(
    "hub_ack_seconds", "From an order's commit to the hub's receipt", (*_SHORT, 60.0, 600.0, 3600.0)
)
HUB_UP = _gauge("hub_up", "1 while the hub answers")
DEADLINE_ACTS = _counter("deadline_acts", "Cards, escalations, ended offers", "clock", "act")
DEADLINE_ERRORS = _counter("deadline_errors", "Orders whose deadline could not be handled")
HUB_INBOUND = _counter("hub_inbound", "Messages from the hub, by what became of them", "result")
HUB_DIFFERENCES = _gauge("hub_differences", "Orders that differed from the hub's at the last look")
OUTBOX_PENDING = _gauge("outbox_pending", "Messages waiting for the hub")
OUTBOX_DEAD = _gauge("outbox_dead", "Messages that wait for a person")
NOTICES = _counter("notices", "Text messages given to the gateway, by result", "result")
RATINGS = _counter("ratings", "Ratings of orders, by terminal", "terminal")
RINGS = _counter("rings", "People rung about an order, by result", "result")
TERMINAL_STREAMS = _gauge("terminal_streams", "Terminals that follow orders now")

# database and bus
DB_SECONDS = _histogram("db_seconds", "Time of one transaction", _SHORT, "kind")
DB_ERRORS = _counter("db_errors", "Transactions that failed for want of the database", "code")
BUS_EVENTS = _counter("bus_events", "Events published on the bus")
BUS_DROPPED = _counter("bus_dropped", "Events dropped because a subscriber was too slow")


def render() -> bytes:
    """The page Prometheus reads."""
    return generate_latest(REGISTRY)
