"""Live documents: a snapshot and its changes are what a fresh snapshot would be."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent_ui.live.board import Board, Feed
from agent_ui.live.patch import apply, clean, diff

pytestmark = pytest.mark.unit

VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-3, 3), st.sampled_from(["", "甲", "乙"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    ),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), VALUES, max_size=4)


@given(DOCUMENTS, DOCUMENTS)
def test_a_patch_leads_from_one_document_to_the_other(old: Any, new: Any) -> None:
    patched = apply(old, diff(old, new))
    assert json.dumps(patched, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert diff(new, new) == {}


def test_none_is_left_out_and_true_is_not_one() -> None:
    assert clean({"a": None, "b": {"c": None, "d": [{"e": None}]}}) == {"b": {"d": [{}]}}
    assert diff({"a": 1}, {"a": True}) == {"a": True}
    assert diff({"a": [1]}, {"a": [True]}) == {"a": [True]}


class Page:
    """What a page makes of its messages."""

    def __init__(self, board: Board) -> None:
        self.woken = 0
        self.documents: dict[str, Any] = {}
        self.numbers: dict[str, int] = {}
        self.feed: Feed = board.open(self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def read(self) -> None:
        while (text := self.feed.take()) is not None:
            message = json.loads(text)
            alias = message["doc"]
            if "value" in message:
                self.documents[alias] = message["value"]
            else:
                assert message["n"] == self.numbers[alias] + 1
                self.documents[alias] = apply(self.documents[alias], message["patch"])
            self.numbers[alias] = message["n"]


class BoardMachine(RuleBasedStateMachine):
    """Documents change, pages follow others, one of them hardly ever reads."""

    NAMES = ("one", "two", "three")

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.quick, self.slow = Page(self.board), Page(self.board)
        self.names: dict[str, str] = {}

    @rule(name=st.sampled_from(NAMES), value=DOCUMENTS)
    def put(self, name: str, value: Any) -> None:
        self.board.put(name, value)

    @rule(name=st.sampled_from(NAMES))
    def drop(self, name: str) -> None:
        self.board.drop(name)

    @rule(names=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(NAMES)))
    def follow(self, names: dict[str, str]) -> None:
        self.names = names
        self.quick.feed.follow(names)
        self.slow.feed.follow(names)

    @rule(times=st.integers(60, 140))
    def flood(self, times: int) -> None:
        for number in range(times):
            self.board.put("one", {"a": number})

    @rule()
    def read_slowly(self) -> None:
        self.slow.read()
        self._compare(self.slow)

    def _compare(self, page: Page) -> None:
        for alias, name in self.names.items():
            assert page.documents[alias] == (self.board.get(name) or {})
        for alias in page.documents:
            if alias not in self.names:
                assert page.documents[alias] == {}

    @invariant()
    def a_quick_page_is_up_to_date(self) -> None:
        self.quick.read()
        self._compare(self.quick)


TestBoardMachine = BoardMachine.TestCase
TestBoardMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_a_page_that_does_not_read_gets_a_fresh_snapshot() -> None:
    board = Board()
    page = Page(board)
    page.feed.follow({"x": "one"})
    board.put("one", {"a": 0})
    page.read()
    for number in range(1, 200):
        board.put("one", {"a": number})
    assert page.feed.dropped > 0
    page.read()
    assert page.documents["x"] == {"a": 199}


def test_a_change_is_written_once_for_all_pages() -> None:
    board = Board()
    pages = [Page(board) for _ in range(3)]
    board.put("one", {"a": 0})
    for page in pages:
        page.feed.follow({"x": "one"})
        page.read()
    board.put("one", {"a": 1})
    texts = [page.feed.take() for page in pages]
    assert texts[0] == '{"doc":"x","n":1,"patch":{"a":1}}'
    assert texts[0] is texts[1] is texts[2]


def test_nothing_is_left_of_a_page_that_has_gone() -> None:
    board = Board()
    page = Page(board)
    page.feed.follow({"x": "one", "y": "one"})
    page.feed.close()
    board.put("one", {"a": 1})
    assert page.feed.take() is None
