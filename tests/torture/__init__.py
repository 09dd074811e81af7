"""What takes longer than tests may: run by hand or at night with ``make torture``."""
