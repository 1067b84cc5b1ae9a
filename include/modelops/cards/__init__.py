"""Renders the cards that reviewers decide on, from templates."""
