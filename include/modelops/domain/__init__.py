"""The terms of the domain and their rules. Uses the standard library only; independent of tables and files."""
