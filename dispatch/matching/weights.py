"""The terms of the matching score, and how much each counts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.errors import BadWeightsError


@dataclass(frozen=True, slots=True)
class TermKind:
    """One term of the score."""

    name: str
    label: str
    weight: float
    """Of the model that comes with the program."""
    meaning: str


TERMS: tuple[TermKind, ...] = (
    TermKind("skill", "专业匹配", 0.25, "本人或本单位是否办理此服务类型和事项"),
    TermKind("region", "地区远近", 0.20, "同县（区）最高，其次同市，再次省级和外市"),
    TermKind("language", "语言相通", 0.05, "是否会来电人所说的方言或手语"),
    TermKind("duty", "当前在岗", 0.10, "正在值班最高，其次单位正在办公"),
    TermKind("load", "手头宽裕", 0.15, "在办件数占最多在办件数的比例越低越好"),
    TermKind("accepted", "及时签收", 0.05, "以往按时签收的比例（样本少时向平均值收缩）"),
    TermKind(
        "resolved", "一次办结", 0.10, "以往未退回、未重办即办结的比例（样本少时向平均值收缩）"
    ),
    TermKind(
        "satisfaction", "群众满意", 0.05, "以往评价为基本满意以上的比例（样本少时向平均值收缩）"
    ),
    TermKind("fairness", "派单均衡", 0.05, "距上次派单时间越久越优先"),
)
NAMES = tuple(term.name for term in TERMS)
LABELS: Mapping[str, str] = {term.name: term.label for term in TERMS}
COUNT = len(TERMS)
FIRST_MODEL = "m-shipped-1"
"""Id of the weights that come with the program."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One model: how much each term counts. Never negative, together 1."""

    model_id: str
    values: tuple[float, ...]
    """In the sequence of ``TERMS``."""

    @classmethod
    def of(cls, model_id: str, by_name: Mapping[str, float]) -> "Weights":
        """From term → weight; a missing term counts 0. Raises BadWeightsError."""
        for name, weight in by_name.items():
            if name not in LABELS:
                raise BadWeightsError(f"{name}：没有这一项，可用：{'、'.join(NAMES)}", field=name)
            if not (math.isfinite(weight) and weight >= 0):
                raise BadWeightsError(f"{name}：权重须为不小于0的数", field=name)
        total = math.fsum(by_name.values())
        if total <= 0:
            raise BadWeightsError("权重不能全部为0", field="weights")
        return cls(model_id, tuple(float(by_name.get(name, 0.0)) / total for name in NAMES))

    def array(self) -> NDArray[np.float64]:
        """Shape (terms,)."""
        return np.array(self.values, dtype=np.float64)

    def by_name(self) -> dict[str, float]:
        """Term → weight."""
        return dict(zip(NAMES, self.values, strict=True))


SHIPPED = Weights.of(FIRST_MODEL, {term.name: term.weight for term in TERMS})
