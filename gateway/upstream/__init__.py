"""What the ways to a library system share: whether, when, where and for how long it is asked."""
