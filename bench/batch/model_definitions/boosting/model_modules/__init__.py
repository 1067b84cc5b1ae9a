"""Imported before the model's other modules."""

# When skops is imported, it looks for each of scipy's functions in all modules that there are, in the order in which
# they came. Behind those of pandas and scikit-learn that takes 2 s, which is half of what the process needs to start.
import scipy.special  # noqa: F401
