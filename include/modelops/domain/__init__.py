"""The words of the field and their rules. Standard library only; knows nothing of tables and files."""
