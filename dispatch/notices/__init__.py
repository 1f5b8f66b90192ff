"""Text messages to the party: what they say, when they may go, who sends them."""
