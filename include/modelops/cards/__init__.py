"""The cards that reviewers decide on, made from templates."""
