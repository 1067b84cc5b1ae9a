"""The terms of the field and their rules. Standard library only; independent of tables and files."""
