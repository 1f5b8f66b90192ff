"""How an order comes to its handler: given, put up for claim, or left to the desk. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from dispatch.matching.board import Flags
from dispatch.matching.directory import Directory
from dispatch.matching.score import Ranking, Want, scored
from dispatch.matching.weights import LABELS, Weights
from hotline.domain.codes import Urgency
from hotline.domain.handling import Match, Reason, Scored
from hotline.domain.order_codes import Complexity, MatchMode
from hotline.domain.people import Institution
from hotline.domain.regions import PROVINCE, parent_of
from hotline.settings_orders import MatchSettings

PREFIX = "匹配·"
"""Reasons of matching begin so; those of triage do not."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When what is done (settings)."""

    offer_to: int = 5
    """Persons an order is offered to at once."""
    offer_minutes: int = 30
    """How long they may think about it; then it is assigned."""
    clear_gap: float = 0.08
    """A first place so far ahead of the second gets the order without asking."""
    least_score: float = 0.3
    """Whoever fits less does not get it; the desk does."""
    desk_after_returns: int = 3
    """Given back so often, an order goes to people who decide whose it is."""

    @classmethod
    def of(cls, settings: MatchSettings) -> "Policy":
        """As set."""
        return cls(
            settings.offer_to,
            settings.offer_minutes,
            settings.clear_gap,
            settings.least_score,
            settings.desk_after_returns,
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """What the decision needs to know of the order besides ``Want``."""

    urgency: Urgency
    complexity: Complexity = Complexity.SIMPLE
    returned: int = 0
    may_offer: bool = True
    """False when it was offered already and nobody took it."""


def decide(
    directory: Directory,
    ranking: Ranking,
    available: Flags,
    want: Want,
    ask: Ask,
    weights: Weights,
    policy: Policy,
) -> Match:
    """The match. ``available``: rows that are on duty or open, who may be asked for a claim.

    ``ranked`` is empty only when there is no desk either.
    """
    good = int((ranking.scores >= policy.least_score).sum())
    sifting = _sifting(ranking.out, good)
    if ask.returned >= policy.desk_after_returns:
        why = f"已退回{ask.returned}次，由区域兜底单位确定归属。"
        return _desk(directory, want, weights.model_id, (Reason(f"{PREFIX}区域兜底", why), sifting))
    if good == 0:
        why = "没有合适的在岗人员，由区域兜底单位接收。"
        return _desk(directory, want, weights.model_id, (Reason(f"{PREFIX}区域兜底", why), sifting))
    there = (at for at in range(good) if _may_be_asked(directory, ranking, at, available))
    asked = list(islice(there, policy.offer_to))
    must = _must_assign(ranking, good, len(asked), ask, policy)
    places = [0] if must else asked
    ranked = tuple(scored(directory, ranking, at, weights) for at in places)
    mode = MatchMode.ASSIGN if must else MatchMode.OFFER
    why = must or f"多人条件相近，向{len(ranked)}人公开认领{policy.offer_minutes}分钟。"
    label = f"{PREFIX}{mode.label}"
    reasons = (Reason(label, why), Reason(f"{PREFIX}得分", explain(ranked[0])), sifting)
    return Match(mode, ranked, weights.model_id, reasons)


def explain(best: Scored) -> str:
    """A score term by term, for people."""
    parts = [f"{LABELS[t.name]}{t.value:.2f}×{t.weight:.2f}" for t in best.terms if t.weight > 0]
    return f"最高{best.score:.2f}＝{'＋'.join(parts)}"


def find_desk(desks: Iterable[Institution], want: Want) -> Institution | None:
    """The desk of the county, else of the city, else of the province.

    Who gave the order back is passed over, unless there is nobody else.
    """
    by_region: dict[str, list[Institution]] = {}
    for desk in desks:
        by_region.setdefault(desk.region, []).append(desk)
    region = want.region or PROVINCE
    found: list[Institution] = []
    step: str | None = region
    while step is not None:
        found += by_region.get(step, ())
        step = parent_of(step)
    fresh = [desk for desk in found if desk.code not in want.not_institutions]
    return next(iter(fresh or found), None)


def _must_assign(ranking: Ranking, good: int, asked: int, ask: Ask, policy: Policy) -> str | None:
    """Why it is given without asking; None: it is put up for claim."""
    if ask.urgency is not Urgency.NORMAL:
        return f"{ask.urgency.label}事项，直接派给得分最高的在岗人员。"
    if not ask.may_offer:
        return "认领时限内无人认领，派给得分最高者。"
    if good == 1:
        return "只有一名合适人员，直接派送。"
    if ranking.scores[0] - ranking.scores[1] >= policy.clear_gap:
        return "第一名明显领先，直接派送。"
    if asked < 2:
        return "在岗人员不足两名，直接派给得分最高者。"
    return None


def _may_be_asked(directory: Directory, ranking: Ranking, place: int, available: Flags) -> bool:
    row = int(ranking.rows[place])
    return bool(available[row]) and directory.person_ids[row] is not None


def _sifting(out: Mapping[str, int], good: int) -> Reason:
    words = "、".join(f"{name}{count}人" for name, count in out.items() if count)
    return Reason(f"{PREFIX}筛选", f"候选{good}人" + (f"；排除：{words}。" if words else "。"))


def _desk(directory: Directory, want: Want, model_id: str, reasons: tuple[Reason, ...]) -> Match:
    desk = find_desk(directory.desks, want)
    if desk is None:
        none = Reason(f"{PREFIX}无人接收", "没有设置区域兜底单位，请在机构管理中设置。")
        return Match(MatchMode.DESK, (), model_id, (none, *reasons))
    return Match(MatchMode.DESK, (Scored(None, desk.code, 0.0, ()),), model_id, reasons)
