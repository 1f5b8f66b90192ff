"""Telephone and ID numbers in one form, and masks for those who may not see them whole."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-_.()/·]+")
_ID_NUMBER = re.compile(r"[1-9]\d{16}[\dX]")
_COMPOUND_SURNAME = re.compile(
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|司徒|端木|南宫|西门|独孤|轩辕|长孙"
)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_ADDRESS_HEAD = re.compile(r"^.{1,12}?[县区市](?!.{0,4}[县区市])")


def normalise_phone(text: str) -> str | None:
    """A telephone number as digits only, the same for every way of writing it; None if it is none.

    ``+86 138-0013-8000``, ``8613800138000`` and ``013800138000`` (a trunk's long-distance 0) are
    all ``13800138000``. Landlines keep their area code, short numbers (110, 12345) stay.
    """
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    abroad = plain.startswith("+") or plain.startswith("00")
    plain = plain.removeprefix("+").removeprefix("00")
    if not plain.isascii() or not plain.isdigit():
        return None
    if plain.startswith("86") and (abroad or len(plain) == 13):
        plain = plain[2:]
        whole = _MOBILE.fullmatch(plain) or plain.startswith(("0", "400", "800"))
        if abroad and not whole and len(plain) >= 9:
            plain = "0" + plain  # from abroad, a landline's area code is written without its 0
        abroad = False
    if abroad:
        return "00" + plain if 5 <= len(plain) <= 15 else None
    if len(plain) == 12 and plain.startswith("01") and plain[2] in "3456789":
        plain = plain[1:]
    return plain if 3 <= len(plain) <= 15 else None


def normalise_id_number(text: str) -> str | None:
    """A Chinese resident ID number (18 characters, check character right), or None."""
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not _ID_NUMBER.fullmatch(plain):
        return None
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(plain[:17], weights, strict=True))
    return plain if plain[17] == "10X98765432"[total % 11] else None


def mask_phone(phone: str | None) -> str | None:
    """``138****1234``; shorter numbers keep less."""
    if phone is None:
        return None
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    if len(phone) >= 7:
        return f"{phone[:2]}****{phone[-2:]}"
    return "*" * len(phone)


def mask_name(name: str | None) -> str | None:
    """``王*``: the surname stays (compound ones whole), the rest is one star."""
    if not name:
        return name
    if _COMPOUND_SURNAME.match(name) and len(name) > 2:
        return f"{name[:2]}*"
    return f"{name[0]}*"


def mask_id_number(number: str | None) -> str | None:
    """``340***********1234``."""
    if number is None:
        return None
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) > 8 else "****"


def mask_address(address: str | None) -> str | None:
    """Down to county or district; the street is hidden."""
    if not address:
        return address
    head = _ADDRESS_HEAD.match(address)
    return f"{head.group(0)}****" if head else "****"


def hide_text(text: str | None) -> str | None:
    """Free text may name anybody, so it is hidden whole; only its length is told."""
    return None if text is None else f"（{len(text)}字，无权查看）"
