"""How long statistics take compared with a COPY of the same rows, and drift checks compared with their batch."""
