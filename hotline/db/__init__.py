"""The database: engine, tables, migrations, and the stores over them."""

from hotline.db import desk_tables as desk_tables
from hotline.db import order_tables as order_tables  # so that the metadata always has every table
from hotline.db.engine import Database

__all__ = ["Database"]
