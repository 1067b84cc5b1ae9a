"""How fast a feature task in SQL is, beside the same statement in psql."""
