"""The life of an order: the table of steps, who may take them, and the one door to its state."""
