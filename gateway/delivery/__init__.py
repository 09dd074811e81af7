"""Bringing patrons to library systems: the courier, and one carrier for each kind of library system."""
