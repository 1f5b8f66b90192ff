"""The one place where the rooms are built and joined."""

from hotline.app.house import House

__all__ = ["House"]
