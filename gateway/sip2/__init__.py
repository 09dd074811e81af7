"""The SIP2 door: what kiosks, doors, sorters and services connect to."""
