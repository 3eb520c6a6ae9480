"""One file a version of the store's tables, run by Alembic; files that were released stay."""
