"""The database and only the database: one schema for SQLite and PostgreSQL."""
