"""The connection check: tries what each login of the data database must be able to do, and what it must not.

What is expected is in `modelops.registry.privileges`, from which the logins are made. Whatever is tried is rolled back.

| module | what it checks |
| --- | --- |
| `server` | version, TLS, settings of the login, a pooler between |
| `catalogue` | the privileges that reach a login, to the column, beside those that it is granted |
| `trials` | statements, as the login |
| `needs` | what the batches of one deployment need; a few queries |
| `report` | the findings, each with the statement that mends it |
"""
