"""The reference hub: a small service of its own that stands for the network hub (中枢)."""
