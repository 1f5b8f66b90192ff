"""Reads a rules file into a :class:`RuleBook`; collects every mistake before it gives up."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from dispatch.triage.errors import RuleProblem, RulesError
from dispatch.triage.models import (
    CODES,
    FLAGS,
    NUMBERS,
    SECTION_LABELS,
    Rule,
    RuleBook,
    Section,
    Span,
    When,
    WordGroup,
    word_group,
)
from dispatch.triage.schema import GroupIn, NoteIn, RuleIn, SpanIn, WhenIn, Words, outcome

RULES = Path(__file__).parent / "rules.yaml"
"""The rules that come with the program."""
_TOP = {"words", "notes", *Section}
_FIXES = {
    "missing": "缺少这个字段，请补上",
    "extra_forbidden": "没有这个字段，请检查拼写或删去",
    "string_type": "应为文字，请填写文字（数字请加引号）",
    "string_too_short": "不能为空，请填写",
    "string_too_long": "太长，最多200字，请删减",
    "too_long": "太长，最多200字，请删减",
    "list_type": "应为列表，请写成 [甲, 乙] 或逐行以 - 开头",
    "too_short": "不能为空，请填写",
    "bool_type": "应为 true 或 false，请改正",
    "bool_parsing": "应为 true 或 false，请改正",
    "int_parsing": "应为整数，请改正",
    "int_type": "应为整数，请改正",
    "greater_than_equal": "不能小于0，请改正",
    "model_type": "格式不对，请对照其他规则改正",
}
# libyaml where PyYAML was built with it, and the same errors.
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


def load_rules(path: Path = RULES) -> RuleBook:
    """Read and validate a rules file.

    Raises :class:`RulesError` naming file, rule, field and mend of every mistake.
    """
    book, problems = read_rules(path)
    if book is None or problems:
        raise RulesError(problems)
    return book


def check_rules(path: Path = RULES) -> tuple[RuleProblem, ...]:
    """Every mistake of a rules file; empty when it can be used."""
    return tuple(read_rules(path)[1])


def read_rules(path: Path) -> tuple[RuleBook | None, list[RuleProblem]]:
    """The rule book, or None when the file cannot be read at all; and everything that is wrong."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None, [RuleProblem(path.name, "", "", "没有这个文件，请检查路径")]
    except UnicodeDecodeError:
        return None, [RuleProblem(path.name, "", "", "不是 UTF-8 编码，请另存为 UTF-8")]
    return parse_rules(content, path.name)


def parse_rules(content: str, name: str) -> tuple[RuleBook | None, list[RuleProblem]]:
    """The same for the text of a file (a page on which rules are edited)."""
    try:
        root = yaml.load(content, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        return None, [RuleProblem(name, "", "", _yaml_fix(error))]
    if not isinstance(root, dict):
        return None, [RuleProblem(name, "", "", "内容为空或不是“字段: 值”的格式，请对照范例改正")]
    reader = _Reader(name)
    return reader.book(root), reader.problems


def _yaml_fix(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"第 {mark.line + 1} 行" if mark is not None else "文件"
    problem = getattr(error, "problem", None) or "无法解析"
    return f"{where}不是合法的 YAML（{problem}），请检查缩进、冒号后的空格和引号"


class _Reader:
    """Turns a file's content into rules, noting what is wrong on the way."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._groups: dict[str, WordGroup] = {}
        self.problems: list[RuleProblem] = []

    def book(self, root: dict[str, Any]) -> RuleBook:
        for extra in sorted(set(map(str, root)) - _TOP):
            self._note("", extra, f"没有这一部分，只能有 {'、'.join(sorted(_TOP))}")
        self._read_words(root.get("words"))
        sections = {section: self._section(section, root.get(section)) for section in Section}
        notes = self._rules("notes", root.get("notes") or [], NoteIn)
        self._unique([*(rule for rules in sections.values() for rule in rules), *notes])
        return RuleBook(sections, notes, tuple(self._groups.values()), self._file)

    def _read_words(self, entries: Any) -> None:
        if not isinstance(entries, dict):
            if entries is not None:
                self._note("", "words", "应为“词组名: [词, 词]”的格式，请改正")
            return
        for name, entry in entries.items():
            rule = f"words / {name}"
            try:
                if isinstance(entry, dict):
                    group = GroupIn.model_validate(entry)
                    words, harmless = group.words, group.harmless or []
                else:
                    words, harmless = TypeAdapter(Words).validate_python(entry), []
            except ValidationError as error:
                self._invalid(rule, error)
                continue
            self._groups[str(name)] = word_group(str(name), tuple(words), tuple(harmless))

    def _section(self, section: Section, entries: Any) -> tuple[Rule, ...]:
        if not isinstance(entries, list) or not entries:
            label = SECTION_LABELS[section]
            self._note("", section, f"缺少“{label}”部分，请写 {section}: 后逐条列出规则")
            return ()
        rules = self._rules(section, entries, RuleIn)
        if len(rules) == len(entries):
            for rule in rules[:-1]:
                if rule.when.always:
                    fix = "没有条件，它后面的规则永远不会生效，请加条件或移到最后"
                    self._note(f"{section} / {rule.name}", "when", fix)
            if not rules[-1].when.always:
                fix = "每部分最后一条必须是没有条件的默认规则，请写 when: {}"
                self._note(f"{section} / {rules[-1].name}", "when", fix)
        return rules

    def _rules(self, section: str, entries: Any, schema: type[NoteIn]) -> tuple[Rule, ...]:
        if not isinstance(entries, list):
            self._note("", section, "应为列表，请逐条以 - name: 开头")
            return ()
        rules = [self._rule(section, at, one, schema) for at, one in enumerate(entries, start=1)]
        return tuple(rule for rule in rules if rule is not None)

    def _rule(self, section: str, at: int, entry: Any, schema: type[NoteIn]) -> Rule | None:
        named = str(entry.get("name") or f"第{at}条") if isinstance(entry, dict) else f"第{at}条"
        where = f"{section} / {named}"
        try:
            read = schema.model_validate(entry)
        except ValidationError as error:
            self._invalid(where, error)
            return None
        then = ""
        if isinstance(read, RuleIn):
            try:
                then = outcome(Section(section), read.then)
            except ValueError as error:
                self._note(where, "then", str(error))
                return None
        return Rule(section, read.name, self._when(where, read.when), then, read.because)

    def _when(self, where: str, when: WhenIn) -> When:
        for field in ("says", "says_all", "says_none"):
            for name in getattr(when, field) or ():
                if name not in self._groups:
                    self._note(where, f"when.{field}", f"words 里没有词组“{name}”，请补上或改正")
        spans: dict[str, SpanIn] = _given(when, NUMBERS)
        for name, span in spans.items():
            if span.at_least is None and span.at_most is None:
                self._note(where, f"when.{name}", "请写 at_least（至少）或 at_most（至多）")
        return When(
            codes={name: frozenset(codes) for name, codes in _given(when, CODES).items()},
            flags=_given(when, FLAGS),
            numbers={name: Span(s.at_least, s.at_most) for name, s in spans.items()},
            regions=frozenset(when.region or ()),
            says=frozenset(when.says or ()),
            says_all=frozenset(when.says_all or ()),
            says_none=frozenset(when.says_none or ()),
            any_of=tuple(self._when(where, one) for one in when.any or ()),
            none_of=tuple(self._when(where, one) for one in when.none or ()),
        )

    def _unique(self, rules: list[Rule]) -> None:
        for name, count in Counter(rule.name for rule in rules).items():
            if count > 1:
                self._note(name, "name", f"出现 {count} 次，请改成不同的名称")

    def _invalid(self, rule: str, error: ValidationError) -> None:
        for detail in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else str(p) for p in detail["loc"]]
            if detail["type"] == "value_error":
                fix = str(detail["ctx"]["error"])
            else:
                fix = _FIXES.get(detail["type"], "内容不对，请对照其他规则改正")
            self._note(rule, ".".join(parts), fix)

    def _note(self, rule: str, field: str, fix: str) -> None:
        self.problems.append(RuleProblem(self._file, rule, field, fix))


def _given(model: BaseModel, names: tuple[str, ...]) -> dict[str, Any]:
    values: Mapping[str, Any] = {name: getattr(model, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
