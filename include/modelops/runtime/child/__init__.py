"""Programs that run in other processes: users' code in the interpreter of its own environment, and the guard above it.

They are started and loaded by path. They import nothing of the product, and the product imports none of them. The
package `runtime` starts them.
"""
