"""The kinds of versions, models and feature tasks: the parts of each stage that are specific to a kind."""
