"""The list of erased rows, kept beside the keys: a backup restored later is erased again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

LIST_NAME = "erased.jsonl"


def note_erased(folder: Path, rows: Mapping[str, Sequence[str]], now: datetime) -> None:
    """Add to the list. ``rows``: ids by table."""
    with (folder / LIST_NAME).open("a", encoding="ascii") as file:
        for table, names in rows.items():
            for name in names:
                file.write(json.dumps({"table": table, "id": name, "at": now.isoformat()}) + "\n")
