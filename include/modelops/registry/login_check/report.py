"""What a check of the connections has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import LoginError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.sql import Composed

    from modelops.registry.privileges import Right


@dataclass(kw_only=True)
class Report:
    """What is wrong, in `findings`, and what is worth a sentence, in `remarks`.

    Args:
        server: which server and database; set when a login has reached it.
        tried: the logins as which statements were tried.
        trials: how many statements were tried.
    """

    server: str = ""
    tried: list[str] = field(default_factory=list)
    trials: int = 0
    findings: list[LoginError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def remark(self, sentence: str) -> None:
        """Add a sentence once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def as_record(self) -> dict[str, Any]:
        """For the result of a job."""
        return {
            "server": self.server,
            "tried": list(self.tried),
            "trials": self.trials,
            "findings": len(self.findings),
            "remarks": list(self.remarks),
        }

    def lines(self) -> Iterator[str]:
        """All of it as text, the findings first."""
        yield from (f"✗ {finding}" for finding in self.findings)
        yield from (f"! {remark}" for remark in self.remarks)


@dataclass(kw_only=True)
class Place:
    """One login in one database: makes its findings, each thing once.

    `known` has the rights that a finding is already about; a statement that fails for one of them is no news.
    """

    login: str
    database: str
    where: str
    report: Report
    known: set[Right] = field(default_factory=set)

    @classmethod
    def of(cls, login: str, connection: Connection[Any], report: Report) -> Place:
        """A login of the database that a connection is to, whoever's the connection is."""
        info = connection.info
        where = f"{login} at {info.host}:{info.port}/{info.dbname}"
        return cls(login=login, database=info.dbname, where=where, report=report)

    def find(self, what: str, *mends: Composed, otherwise: str = "") -> None:
        """Add a finding with the statements that mend it, or what is to be done `otherwise`.

        What the same statements mend is reported once: a privilege of PUBLIC reaches every login.
        """
        expected = " ".join(f"{each.as_string()};" for each in mends) or otherwise
        for finding in self.report.findings:
            if expected == finding.expected and (mends or what == finding.what):
                return
        self.report.findings.append(LoginError(what, where=self.where, expected=expected))
