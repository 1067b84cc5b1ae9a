"""Runs users' code in a child process, in its own environment, without credentials.

`environment` pins and builds what a model's requirements.txt asks for, `process` runs the model's code in it. The
modules `guard`, `child` and `context` are programs of the other side: they are started by path and never imported here.
"""
