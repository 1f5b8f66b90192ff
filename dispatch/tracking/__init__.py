"""What became of an order: timeline, signed links, rating, events to terminals."""
