"""The voices behind one interface, the best that is there taken first."""
