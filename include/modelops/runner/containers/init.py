"""The init job of docker-compose.yaml: migrates both databases, and creates logins, roles and accounts.

Run it with `python -m modelops.runner.containers.init`. It can be repeated at any time. `--with-demo` also loads the
flights of the demonstration.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.runner.containers.accounts import ROLES as ACCOUNTS
from modelops.runner.containers.accounts import ensure_accounts
from modelops.runner.databases import PASSWORD, VARIABLE, external_databases, password_from
from modelops.runner.databases import ROLES as LOGINS
from modelops.runner.installation import METADATA_VARIABLE
from modelops.runner.layout import Secrets
from modelops.runner.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.runner.databases import Databases

ACCOUNT_PASSWORD = "MODELOPS_ACCOUNT_PASSWORD_"  # noqa: S105 - the name of a variable
"""Prefix of the variables with the initial passwords of Airflow's accounts: `MODELOPS_ACCOUNT_PASSWORD_ADMIN`."""
MANAGER = "AIRFLOW__CORE__AUTH_MANAGER"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


def prepare(environ: Mapping[str, str], *, with_demo: bool, steps: Steps) -> None:
    """Migrate both databases, and create logins, roles and accounts.

    Raises:
        BadInput: a variable is missing from the environment, or Airflow has another auth manager.
        Unavailable: a database can't be reached, or Airflow's own migration fails.
    """
    from modelops.registry.migrate import migrate
    from modelops.registry.roles import provision

    logins, accounts = passwords_from(environ)
    databases = external_databases(environ[VARIABLE], secrets=Secrets(**logins), airflow_elsewhere=True)
    with steps.step("Logins provided"):
        provision(
            databases.admin_url,
            passwords=databases.secrets.roles,
            data_database=databases.data_database,
            airflow_database=None,
        )
    with steps.step("Registry migrated"):
        migrate(databases.url("owner"))
    with steps.step("Airflow's database migrated"):
        _migrate_airflow()
    with steps.step("Roles and accounts"):
        changes = list(ensure_accounts(accounts))
    for change in changes or ["roles and accounts are as they were"]:
        steps.say(f"  {change}")
    if with_demo:
        _load_demo(databases, steps)


def passwords_from(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The passwords of the logins, and those of the accounts.

    Raises:
        BadInput: Airflow has another auth manager, or variables are missing; the message names all of them.
    """
    if environ.get(MANAGER) != FAB:
        raise BadInput("the init job needs Airflow's FAB auth manager", where=MANAGER, expected=FAB)
    logins = {role: password_from(environ, f"{PASSWORD}{role.upper()}") for role in LOGINS}
    accounts = {name: password_from(environ, f"{ACCOUNT_PASSWORD}{name.upper()}") for name in ACCOUNTS}
    missing = [name for name in (VARIABLE, METADATA_VARIABLE) if not environ.get(name)]
    missing += [f"{PASSWORD}{role.upper()}" for role, password in logins.items() if password is None]
    missing += [f"{ACCOUNT_PASSWORD}{name.upper()}" for name, password in accounts.items() if password is None]
    if missing:
        raise BadInput(
            f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
            where="the environment",
            expected="a value for each; for a password, alternatively the name of a file that contains it, in"
            " <VARIABLE>_FILE",
        )
    return (
        {role: password for role, password in logins.items() if password is not None},
        {name: password for name, password in accounts.items() if password is not None},
    )


def _migrate_airflow() -> None:
    done = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Unavailable("`airflow db migrate` failed; its output is above")


def _load_demo(databases: Databases, steps: Steps) -> None:
    from demo.load import load

    with steps.step("Demonstration data loaded"):
        load(databases.url("owner"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the init job, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m modelops.runner.containers.init", description=__doc__)
    parser.add_argument("--with-demo", action="store_true", help="also load the demonstration's flights")
    chosen = parser.parse_args(arguments)
    try:
        prepare(os.environ, with_demo=chosen.with_demo, steps=Steps(sys.stdout))
    except ModelOpsError as error:
        print(f"modelops: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
