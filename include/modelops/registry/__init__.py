"""The registry of versions and the ledger of jobs; the only package that knows the tables.

| package | what is in it |
| --- | --- |
| `write` | what jobs and the observer write, in their own transactions |
| `read` | lists, counts and pages of the web view |
| `schema`, `migrations` | the tables, functions and views, and how an installation gets them |
"""
