"""The register in SQL: SQLite and PostgreSQL by one schema; the only package that knows SQLAlchemy.

``database.Database`` is the way in; ``migrations`` brings a database up to this program's schema.
"""
