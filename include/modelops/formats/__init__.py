"""The formats of model files that can be imported: how each is recognised, and the packages that read it.

Nothing here opens a file with a library: that happens in a confined process, by runtime/child/format_<name>.py. A
format is added by a module here, its line in `catalogue`, its packages in `requirements/`, and its part of the child.
"""
