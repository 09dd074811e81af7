"""The register's use cases: open a unit of work, fetch, ask the domain, record, commit."""
