"""The kinds of versions: what each of them gives to the stages that all have in common."""
