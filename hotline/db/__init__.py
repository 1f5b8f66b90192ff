"""The database: engine, tables, migrations, and the stores over them."""

from hotline.db.engine import Database

__all__ = ["Database"]
