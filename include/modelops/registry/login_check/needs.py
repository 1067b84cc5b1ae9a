"""What the batches of one deployment need of the logins: a few queries of the catalogue and one trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.findings import Findings
from modelops.registry.login_check import catalogue
from modelops.registry.login_check.check import connected
from modelops.registry.login_check.report import Place, Report
from modelops.registry.login_check.trials import run_trials, table_trial
from modelops.registry.privileges import FEATURES, GRANTS, JOBS, READER, SQL_LOGIN, output_grants, registry_grants

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT = GRANTS[0]
OF_STAGING = tuple(grant for grant in GRANTS if grant.names == ("staging",))


def check_needs(ledger: Connection[Any], schema: str, *, rows_url: str, features_url: str | None) -> None:
    """Check that a deployment's batches can write into a schema, and that what they publish there can be read.

    Args:
        ledger: a connection of modelops_jobs in autocommit mode.
        rows_url: the address of modelops_sql.
        features_url: the address of modelops_features, if it adds the rows; else None.

    Raises:
        LoginError: a privilege is missing, with the GRANT; SeveralErrors, if there are more.
        psycopg.OperationalError: a login can't connect.
    """
    report = Report()
    outputs = (CONNECT, *output_grants(schema))
    needs = {JOBS: (*outputs, *registry_grants()), READER: outputs, SQL_LOGIN: outputs}
    if features_url is not None:
        needs = {JOBS: (*needs.pop(JOBS), *OF_STAGING), **needs, FEATURES: (*outputs, *OF_STAGING)}
    for login, grants in needs.items():
        # A login that has more than it should is a matter of the whole check.
        if catalogue.check_attributes(ledger, Place.of(login, ledger, Report())):
            catalogue.check_rights(ledger, Place.of(login, ledger, report), grants)
    if not report.findings:
        place = Place.of(JOBS, ledger, report)
        run_trials(ledger, place, [table_trial(JOBS, schema, place.database)])
    findings = Findings()
    findings.errors += report.findings
    findings.raise_if_any()
    # Why a login is refused isn't known here: a server without free connections takes it at the next attempt.
    for url in (rows_url, features_url):
        if url is not None:
            with connected(url):
                pass
