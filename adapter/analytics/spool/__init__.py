"""The spool: events that are not uploaded yet."""
