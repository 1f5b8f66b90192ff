"""Personal data at rest: sealing, keys, search by keyed hash, masks, encrypted recordings."""

from hotline.privacy.keyring import KeyRing, RowKey, place
from hotline.privacy.people import (
    hide_text,
    mask_address,
    mask_id_number,
    mask_name,
    mask_phone,
    normalise_id_number,
    normalise_phone,
)

__all__ = [
    "KeyRing",
    "RowKey",
    "hide_text",
    "mask_address",
    "mask_id_number",
    "mask_name",
    "mask_phone",
    "normalise_id_number",
    "normalise_phone",
    "place",
]
