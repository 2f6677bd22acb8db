"""Events in ClickHouse: the same questions in its SQL, over its HTTP interface."""
