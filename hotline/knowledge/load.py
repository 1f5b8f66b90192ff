"""Reads a folder of knowledge files into a :class:`Stock`; collects every error before it gives up.

Folder: ``answers/<topic>.yaml``, ``offices.yaml``, ``regions.yaml``, ``changed_laws.yaml``,
``synonyms.yaml``.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hotline.domain.codes import Topic
from hotline.domain.regions import PROVINCE
from hotline.knowledge.errors import KnowledgeError
from hotline.knowledge.models import (
    Answer,
    ArticleRef,
    ChangedLaw,
    Office,
    OfficeKind,
    Problem,
    Region,
    Status,
    Stock,
)
from hotline.knowledge.schemas import (
    TOPICS,
    AnswerIn,
    ChangedLawIn,
    OfficeIn,
    RegionIn,
    SynonymsIn,
)

DATA = Path(__file__).parent / "data"
"""The stock that comes with the program."""

Schema = TypeVar("Schema", bound=BaseModel)


# libyaml where PyYAML was built with it: ten times faster, and the same errors.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeys(_Loader):  # type: ignore[misc]
    """YAML keeps the last of two equal keys silently; an editor's slip must not vanish."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    double = [key for key, count in Counter(map(str, keys)).items() if count > 1]
    if double:
        raise yaml.MarkedYAMLError(
            problem=f"字段 {double[0]} 写了两次", problem_mark=node.start_mark
        )
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_stock(folder: Path = DATA) -> Stock:
    """Read and validate a knowledge folder.

    Raises :class:`KnowledgeError` naming file, entry, field and fix of every mistake.
    """
    stock, problems = read_stock(folder)
    if problems:
        raise KnowledgeError(problems)
    return stock


def read_stock(folder: Path) -> tuple[Stock, list[Problem]]:
    """Read a knowledge folder: what is sound in it, and everything that is wrong."""
    problems: list[Problem] = []
    regions = _read_regions(folder / "regions.yaml", problems)
    stock = Stock(
        answers=_read_answers(folder / "answers", problems),
        offices=_read_offices(folder / "offices.yaml", regions, problems),
        regions=regions,
        changed_laws=_read_changed(folder / "changed_laws.yaml", problems),
        synonyms=_read_synonyms(folder / "synonyms.yaml", problems),
    )
    return stock, problems


def load_region_names(folder: Path = DATA) -> dict[str, str]:
    """Name of Anhui and of each of its cities and counties by GB/T 2260 code, in their sequence.

    Raises :class:`KnowledgeError`.
    """
    problems: list[Problem] = []
    regions = _read_regions(folder / "regions.yaml", problems)
    if problems:
        raise KnowledgeError(problems)
    return {PROVINCE: "安徽省", **{region.code: region.name for region in regions}}


def _read_answers(folder: Path, problems: list[Problem]) -> tuple[Answer, ...]:
    files = sorted(folder.glob("*.yaml"))
    if not files:
        problems.append(
            Problem("answers/", "", "", "没有任何 .yaml 文件，请检查知识库目录是否正确")
        )
    answers: list[Answer] = []
    for path in files:
        answers += _read_topic(path, problems)
    for answer_id, count in Counter(answer.id for answer in answers).items():
        if count > 1:
            topic = answer_id.split(".")[0]
            fix = f"编号出现 {count} 次，请改成不同的编号"
            problems.append(Problem(f"answers/{topic}.yaml", answer_id, "id", fix))
    return tuple(answers)


def _read_topic(path: Path, problems: list[Problem]) -> list[Answer]:
    name, topic = f"answers/{path.name}", path.stem
    if topic not in TOPICS:
        known = "、".join(TOPICS)
        problems.append(Problem(name, "", "", f"文件名不是主题代码，请改成以下之一：{known}"))
        return []
    root = _read_root(path, name, problems)
    if root is None:
        return []
    if root.get("topic") != topic:
        problems.append(Problem(name, "", "topic", f"应与文件名相同，请写 topic: {topic}"))
    for extra in sorted(set(map(str, root)) - {"topic", "answers"}):
        problems.append(Problem(name, "", extra, "没有这个字段，请检查拼写或删去"))
    entries = _entries(root, "answers", name, problems)
    parsed = _validate(entries, AnswerIn, name, problems, context={"topic": topic})
    return [_answer(TOPICS[topic], entry) for entry in parsed]


def _answer(topic: Topic, entry: AnswerIn) -> Answer:
    return Answer(
        id=entry.id,
        topic=topic,
        question=entry.question,
        similar=tuple(entry.similar),
        answer=entry.answer,
        next_step=entry.next_step,
        prepare=tuple(entry.prepare),
        articles=tuple(ArticleRef(ref.law, ref.article) for ref in entry.articles),
        reviewed=entry.reviewed,
        status=entry.status,
        note=entry.note,
    )


def _read_offices(
    path: Path, regions: tuple[Region, ...], problems: list[Problem]
) -> tuple[Office, ...]:
    entries = _read_list(path, "offices", OfficeIn, problems)
    known = {(region.city, region.name) for region in regions}
    for entry in entries:
        if regions and (entry.city, entry.city) not in known:
            fix = f"regions.yaml 里没有“{entry.city}”，请写全称，如 合肥市"
            problems.append(Problem(path.name, entry.id, "city", fix))
        elif regions and entry.county and (entry.city, entry.county) not in known:
            fix = f"regions.yaml 里{entry.city}没有“{entry.county}”，请写全称，如 肥西县"
            problems.append(Problem(path.name, entry.id, "county", fix))
    _once((entry.id for entry in entries), path.name, "id", problems)
    return tuple(Office(**entry.model_dump()) for entry in entries)


def _read_regions(path: Path, problems: list[Problem]) -> tuple[Region, ...]:
    entries = _read_list(path, "regions", RegionIn, problems, key="code")
    _once((entry.code for entry in entries), path.name, "code", problems)
    cities = {entry.code[:4]: entry.name for entry in entries if entry.code.endswith("00")}
    for entry in entries:
        if cities.get(entry.code[:4]) != entry.city:
            fix = f"与代码前四位 {entry.code[:4]} 所属的市不符，请核对"
            problems.append(Problem(path.name, entry.code, "city", fix))
    return tuple(Region(**entry.model_dump()) for entry in entries)


def _read_changed(path: Path, problems: list[Problem]) -> tuple[ChangedLaw, ...]:
    entries = _read_list(path, "laws", ChangedLawIn, problems, key="law")
    _once((entry.law for entry in entries), path.name, "law", problems)
    return tuple(ChangedLaw(**entry.model_dump()) for entry in entries)


def _read_synonyms(path: Path, problems: list[Problem]) -> tuple[tuple[str, ...], ...]:
    root = _read_root(path, path.name, problems)
    if root is None:
        return ()
    found = _validate([root], SynonymsIn, path.name, problems)
    groups = tuple(tuple(group) for file in found for group in file.groups)
    _once((word for group in groups for word in group), path.name, "groups", problems)
    return groups


def _once(keys: Iterable[str], name: str, field: str, problems: list[Problem]) -> None:
    for key, count in Counter(keys).items():
        if count > 1:
            problems.append(Problem(name, key, field, f"出现 {count} 次，请只留一条或改名"))


def _read_list(
    path: Path, field: str, schema: type[Schema], problems: list[Problem], key: str = "id"
) -> list[Schema]:
    root = _read_root(path, path.name, problems)
    if root is None:
        return []
    entries = _entries(root, field, path.name, problems)
    return _validate(entries, schema, path.name, problems, key=key)


def _read_root(path: Path, name: str, problems: list[Problem]) -> dict[str, Any] | None:
    """The mapping at the top of a file, or ``None`` with the reason added to ``problems``."""
    try:
        root = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)
    except FileNotFoundError:
        problems.append(Problem(name, "", "", "没有这个文件，请补上"))
        return None
    except UnicodeDecodeError:
        problems.append(Problem(name, "", "", "不是 UTF-8 编码，请另存为 UTF-8"))
        return None
    except yaml.YAMLError as error:
        problems.append(Problem(name, "", "", _yaml_fix(error)))
        return None
    if not isinstance(root, dict):
        problems.append(Problem(name, "", "", "内容为空或不是“字段: 值”的格式，请对照其他文件改正"))
        return None
    return root


def _yaml_fix(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"第 {mark.line + 1} 行" if mark is not None else "文件"
    problem = getattr(error, "problem", None) or "无法解析"
    return f"{where}不是合法的 YAML（{problem}），请检查缩进、冒号后的空格和引号"


def _entries(root: dict[str, Any], field: str, name: str, problems: list[Problem]) -> list[Any]:
    entries = root.get(field)
    if isinstance(entries, list) and entries:
        return entries
    problems.append(Problem(name, "", field, f"应为列表且不能为空，请写 {field}: 后逐条列出"))
    return []


def _validate(
    entries: list[Any],
    schema: type[Schema],
    name: str,
    problems: list[Problem],
    *,
    key: str = "id",
    context: dict[str, str] | None = None,
) -> list[Schema]:
    sound: list[Schema] = []
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            problems.append(Problem(name, f"第{place}条", "", "应为“字段: 值”的格式，请改正"))
            continue
        label = str(entry.get(key) or f"第{place}条")
        try:
            sound.append(schema.model_validate(entry, context=context))
        except ValidationError as error:
            problems += (_problem(name, label, detail) for detail in error.errors())
    return sound


def _problem(name: str, entry: str, detail: Any) -> Problem:
    """One pydantic error as a sentence an editor understands."""
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in detail["loc"])
    if detail["type"] == "value_error":
        fix = str(detail["ctx"]["error"])
        if not field and "：" in fix:
            field, fix = fix.split("：", 1)
        return Problem(name, entry, field, fix if "，" in fix or "应" in fix else f"{fix}，请改正")
    return Problem(name, entry, field, _fix(field, detail))


def _fix(field: str, detail: Any) -> str:
    plain: dict[str, str] = {
        "missing": "缺少这个字段，请补上",
        "extra_forbidden": "没有这个字段，请检查拼写或删去",
        "string_too_short": "不能为空，请填写",
        "string_type": "应为文字，请填写文字（数字请加引号）",
        "list_type": "应为列表，请写成 [甲, 乙] 或逐行以 - 开头",
        "bool_type": "应为 true 或 false，请改正",
        "bool_parsing": "应为 true 或 false，请改正",
        "model_type": "应为 {law: 法律名, article: 第X条} 的格式，请改正",
    }
    kind = detail["type"]
    if kind == "enum":
        choices: dict[str, Callable[[], str]] = {
            "status": lambda: "、".join(Status),
            "kind": lambda: "、".join(OfficeKind),
        }
        return f"应为 {choices.get(field, lambda: '给定的值')()} 之一，请改正"
    if kind.startswith("date"):
        return "应为日期，请写成 2026-11-23 的样子"
    if kind == "string_pattern_mismatch":
        patterns = {
            "article": "应为中文条号，请写成 第八十五条 的样子",
            "telephone": "应只有数字和连字符，请写成 0551-12345678 的样子",
            "code": "应为安徽的六位区划代码，请写成 340123 的样子（加引号）",
        }
        return patterns.get(field.rsplit(".", 1)[-1], "格式不对，请改正")
    return plain.get(kind, "内容不对，请对照其他条目改正")
