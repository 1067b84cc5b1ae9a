"""Runs users' code in a child process, in its own environment, without credentials.

`environment` pins and installs the packages of a requirements.txt; `process` runs the code with them. The programs in
`child/` run in other processes: they are started by path and never imported here.
"""
