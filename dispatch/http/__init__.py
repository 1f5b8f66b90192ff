"""Routers of dispatch; ``hotline.app`` mounts them."""
