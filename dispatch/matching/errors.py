"""Errors of matching.

HotlineError
 ├─ InputError
 │   └─ BadWeightsError            weights of a model are wrong (names the term)
 ├─ NotFoundError
 │   ├─ ModelNotFoundError         no such model
 │   └─ OfferNotFoundError         nothing is offered to this person here
 ├─ TooFewOutcomesError            too few closed orders to learn from
 └─ ModelStateError                the model's state does not allow this (not compared yet, …)
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class BadWeightsError(InputError):
    """Weights of a model are wrong; ``field`` names the term."""

    code = "bad-match-weights"


class ModelNotFoundError(NotFoundError):
    """There is no such model."""

    code = "match-model-not-found"


class OfferNotFoundError(NotFoundError):
    """Nothing is offered to this person here, or it was answered already."""

    code = "offer-not-found"


class TooFewOutcomesError(HotlineError):
    """There are too few closed orders to learn weights from; the message says how many."""

    code = "too-few-outcomes"
    status = 409


class ModelStateError(HotlineError):
    """The model's state does not allow this; the message says what must be done first."""

    code = "match-model-state"
    status = 409
