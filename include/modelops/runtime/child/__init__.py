"""Programs that run in other processes: users' code in the interpreter of its own environment, and the guard above it.

They are run by their paths and loaded by their paths; nothing of the product is imported there, and none of these is
imported by the product. What starts them is the package above.
"""
