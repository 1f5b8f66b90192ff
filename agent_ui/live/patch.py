"""Changes of JSON objects as JSON Merge Patch (RFC 7396).

In a merge patch null removes a member, so documents never hold null: ``clean`` leaves such members
out. Lists are replaced as a whole; what grows (a transcript) is an object with numbered members.
"""

from typing import Any

Json = dict[str, Any]


def clean(value: Any) -> Any:
    """The same without members that are None."""
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def diff(old: Json, new: Json) -> Json:
    """The patch that turns ``old`` into ``new``; empty when they are the same."""
    patch: Json = dict.fromkeys(key for key in old if key not in new)
    for key, value in new.items():
        before = old.get(key)
        if key in old and _same(before, value):
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            patch[key] = diff(before, value)
        else:
            patch[key] = value
    return patch


def apply(document: Json, patch: Json) -> Json:
    """A new document with the patch applied."""
    new = dict(document)
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        elif isinstance(value, dict):
            before = new.get(key)
            new[key] = apply(before if isinstance(before, dict) else {}, value)
        else:
            new[key] = value
    return new


def _same(one: Any, other: Any) -> bool:
    # True == 1 in Python, but not on a page
    return type(one) is type(other) and bool(one == other) and _alike(one, other)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return all(_same(a, b) for a, b in zip(one, other, strict=True))
    return True
