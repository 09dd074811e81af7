"""The register's rules over values: the standard library only, no I/O, no clock."""
