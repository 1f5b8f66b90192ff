"""Recognition engines behind one interface, and the choice between them."""

from asr.engines.base import Engine, Hypothesis, Request
from asr.engines.choice import EngineChoice, choose_engine, load_engine

__all__ = ["Engine", "EngineChoice", "Hypothesis", "Request", "choose_engine", "load_engine"]
