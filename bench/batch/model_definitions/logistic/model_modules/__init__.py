"""Imports scipy.special before the other modules of the model."""

# When skops is imported, it searches all loaded modules, in the order of their import, for each of scipy's functions.
# After the modules of pandas and scikit-learn this takes 2 s, half of the time in which the process starts.
import scipy.special  # noqa: F401
