"""The stretches of a talk, one module each; they meet through ``Talk.goto``."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr.bot.flows.choice import ChoiceFlow
from ivr.bot.flows.danger import DangerFlow
from ivr.bot.flows.menu import MenuFlow
from ivr.bot.flows.offer import OfferFlow
from ivr.bot.flows.open import OpenFlow
from ivr.bot.flows.order import OrderFlow
from ivr.bot.flows.order_rating import OrderRatingFlow
from ivr.bot.flows.place import PlaceFlow
from ivr.bot.flows.progress import ProgressFlow
from ivr.bot.flows.rate import RateFlow
from ivr.bot.flows.safety import SafetyFlow
from ivr.bot.talk import Flow

FLOWS: Mapping[str, Flow] = MappingProxyType(
    {
        "open": OpenFlow(),
        "choice": ChoiceFlow(),
        "offer": OfferFlow(),
        "order": OrderFlow(),
        "progress": ProgressFlow(),
        "place": PlaceFlow(),
        "menu": MenuFlow(),
        "danger": DangerFlow(),
        "rate": RateFlow(),
        "order_rating": OrderRatingFlow(),
        "safety": SafetyFlow(),
    }
)
