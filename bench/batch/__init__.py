"""How fast batch prediction is: against the database's own COPY, a usual script, and a library in memory."""
