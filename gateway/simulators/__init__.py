"""Peers of the daemon, for people who try it and for tests: built on `protocols` alone, never on the daemon itself."""
