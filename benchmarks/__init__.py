"""Figures of speed, accuracy and memory: each module runs by itself and prints a table and JSON."""
