"""Migrations: how the tables of older files become those of this program.

There is one folder for each kind of file. A migration is a module with `revision` (a number of
four digits), `down_revision` (the number before it) and `upgrade()`. Migrations only go forward.
All migrations of a file run in one transaction, which holds SQLite's write lock. Foreign keys are
not enforced meanwhile, so a migration may rebuild a table that others refer to.

A migration writes its tables and columns out. It must not import `store.tables`: those change
later, and the migration must still do the same.
"""
