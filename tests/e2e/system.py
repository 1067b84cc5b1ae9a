"""One real Airflow as these tests use it: through its REST API, with a look into the ledger."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
from psycopg.rows import dict_row

from e2e.waiting import HUNG_AFTER, eventually
from modelops.domain.jobs import JobStatus
from modelops.registry.write import jobs as ledger
from modelops.runner import state
from modelops.runner.layout import tail
from modelops.runner.processes import found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import psutil

    from e2e.kept import Kept
    from modelops.registry.write.jobs import JobRecord
    from modelops.runner.installation import Installation

LIFECYCLE = "model_lifecycle"
IMPORTED = "byom_lifecycle"
EVALUATION = "model_evaluation"
STATISTICS = "model_statistics"
DEPLOYMENT = "model_deployment"
BATCH = "batch_prediction"
RETIREMENT = "model_retirement"
FEATURES = "feature_pipeline"
FEATURE_BATCH = "feature_batch"
FEATURE_RETIREMENT = "feature_retirement"
SCHEDULE = "deployment_schedule"
PERFORMANCE = "model_performance"
DRIFT_CHECK = "drift_check"
ALERT_RULE, ALERT_SNOOZE = "alert_rule", "alert_snooze"
TASKS = {
    LIFECYCLE: {"train", "evaluate"},
    IMPORTED: {"import", "compute_statistics", "evaluate"},
    EVALUATION: {"evaluate"},
    STATISTICS: {"compute_statistics"},
    DEPLOYMENT: {"deploy"},
    BATCH: {"predict"},
    RETIREMENT: {"retire"},
    FEATURES: {"import", "run"},
    FEATURE_BATCH: {"execute"},
    FEATURE_RETIREMENT: {"retire"},
}
"""The tasks that no person takes part in, and that stand before those."""
TOLD, LATE_TOLD, ALERTS_TOLD = "told.jsonl", "late.jsonl", "alerts.jsonl"
"""The files, in the installation's home, with what notifiers have told: of approvals, late batches, and alerts."""
RUN_STATE = "SELECT state FROM dag_run WHERE dag_id = %s AND run_id = %s"
TASK_STATE = "SELECT state, try_number FROM task_instance WHERE dag_id = %s AND run_id = %s AND task_id = %s"
PARSE_NEXT = """
INSERT INTO dag_priority_parsing_request (id, bundle_name, relative_fileloc)
SELECT md5(%(file)s), 'dags-folder', %(file)s ON CONFLICT DO NOTHING
"""
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class System:
    """The installation, the file that names its repositories, and the folder that this file calls `here`."""

    installation: Installation
    repositories: Path
    here: Path
    clients: Mapping[str, httpx.Client]
    session: str
    ledger: Kept
    airflow: Kept

    def connect(self, role: str = "reader") -> psycopg.Connection[Any]:
        """The data database as one of the logins; `admin` is the superuser."""
        databases = self.installation.databases
        if role == "admin":
            return psycopg.connect(databases.admin_url, dbname=databases.data_database, autocommit=True)
        return psycopg.connect(databases.url(role), autocommit=True)

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """What a query on the ledger gives."""
        return self.ledger.look(lambda kept: kept.cursor(row_factory=dict_row).execute(query, parameters).fetchall())

    def told(self, file: str = TOLD) -> list[dict[str, str]]:
        """What the reviewers have been told, or others by another file."""
        told = self.installation.layout.home / file
        return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []

    def get(self, address: str, **parameters: Any) -> Any:
        answer = self.clients["trainer"].get(f"/api/v2/{address}", params=parameters)
        answer.raise_for_status()
        return answer.json()

    def post(self, address: str, body: Mapping[str, Any], *, account: str = "trainer") -> httpx.Response:
        return self.clients[account].post(f"/api/v2/{address}", json=body)

    def patch(self, address: str, body: Mapping[str, Any], *, account: str = "trainer") -> httpx.Response:
        return self.clients[account].patch(f"/api/v2/{address}", json=body)

    def ask(self, dag: str = LIFECYCLE, *, run_id: str | None = None, **conf: Any) -> httpx.Response:
        """Ask for a DAG run, as trainer."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf}
        return self.post(f"dags/{dag}/dagRuns", body if run_id is None else body | {"dag_run_id": run_id})

    def run(self, dag: str = LIFECYCLE, *, name: str = "run", **conf: Any) -> Run:
        """A DAG run that was accepted. Its id begins with `name`."""
        run = self.named(name, dag)
        self.start(run, **conf)
        return run

    def named(self, name: str, dag: str = LIFECYCLE) -> Run:
        """A run that hasn't been asked for, with an id that nothing else in this Airflow has."""
        return Run(system=self, dag_id=dag, run_id=f"{name}-{next(_numbers)}-{self.session}")

    def start(self, run: Run, **conf: Any) -> None:
        self.ask(run.dag_id, run_id=run.run_id, **conf).raise_for_status()

    def clean(self, *dags: str) -> None:
        """`airflow db clean` of what there is of these DAGs. They are gone themselves until they are parsed anew."""
        command = ["db", "clean", "--dag-ids", ",".join(dags), "--skip-archive", "--yes"]
        before = ["--clean-before-timestamp", datetime.now(UTC).isoformat()]
        subprocess.run(
            [sys.executable, "-m", "airflow", *command, *before],
            env=self.installation.environment,
            check=True,
            capture_output=True,
            timeout=HUNG_AFTER,
        )

        def are_there() -> bool:
            missing = [dag for dag in dags if not self.clients["trainer"].get(f"/api/v2/dags/{dag}").is_success]
            # Airflow parses an unchanged file every few minutes, or when its button "reparse" asks for it, as this
            # does. It drops a request that comes while it parses that file.
            wanted = [{"file": f"{dag}.py"} for dag in missing]
            self.airflow.look(lambda kept: kept.cursor().executemany(PARSE_NEXT, wanted))
            return not missing

        self.parsed(f"{' and '.join(dags)} are there again", are_there)

    def parsed(self, what: str, look: Callable[[], Any]) -> Any:
        """Wait for what Airflow knows once it has parsed a DAG file that has changed."""
        return eventually(what, look, story=lambda: self.tails("dag-processor"))

    @contextmanager
    def offering(self, name: str, folder: Path) -> Iterator[None]:
        """Another repository stands in the file of repositories meanwhile."""
        before = self.repositories.read_text()
        sources = json.loads(before)["repositories"]
        self._configure(json.dumps({"repositories": {**sources, name: {"path": str(folder)}}}))
        yield
        self._configure(before)

    def _configure(self, text: str) -> None:
        new = self.repositories.with_suffix(".new")
        new.write_text(text)
        new.replace(self.repositories)

    def offered(self, dag: str = LIFECYCLE) -> list[str]:
        """The models that the trigger form suggests."""
        suggested: list[str] = self.get(f"dags/{dag}/details")["params"]["model"]["schema"].get("examples", [])
        return suggested

    def component(self, name: str) -> psutil.Process | None:
        """A component's process, if it runs now."""
        runner = state.current(self.installation.layout)
        return None if runner is None or name not in runner.components else found(runner.components[name])

    def tails(self, *components: str, lines: int = 12) -> str:
        logs = self.installation.layout
        return "\n".join(f"── {name}.log\n{tail(logs.log(name), lines=lines)}" for name in components)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One DAG run."""

    system: System
    dag_id: str
    run_id: str

    @property
    def address(self) -> str:
        return f"dags/{self.dag_id}/dagRuns/{self.run_id}"

    def jobs(self) -> dict[str, JobRecord]:
        """The run's jobs in the ledger, by task."""
        known = self.system.ledger.look(lambda kept: ledger.of_runs(kept, [self.run_id]))
        return {job.key.task_id: job for job in known}

    def job(self, task: str = "train") -> JobRecord:
        return self.jobs()[task]

    def events(self, task: str = "train") -> list[Mapping[str, Any]]:
        """What happened to a job; without what it waited for, which is on record if the machine was busy."""
        return [event for event in self._events(task) if event["event"] != "waiting"]

    def waits(self, task: str = "train") -> list[str]:
        """What the job has waited for, in words."""
        return [event["detail"]["reason"] for event in self._events(task) if event["event"] == "waiting"]

    def _events(self, task: str) -> list[Mapping[str, Any]]:
        number = self.job(task).id
        return self.system.ledger.look(lambda kept: ledger.events(kept, number))

    def told(self, task: str = "train", *, attempt: int | None = None) -> list[str]:
        """The names of the events, and of the steps, in order."""
        return [
            event["detail"].get("step", event["event"])
            for event in self.events(task)
            if attempt is None or event["attempt"] == attempt
        ]

    def await_told(self, *expected: str, task: str = "train", attempt: int) -> None:
        """Wait until the ledger tells exactly this of an attempt: the observer may be behind by some seconds."""

        def look() -> bool:
            return self.told(task, attempt=attempt) == list(expected)

        self.eventually(f"attempt {attempt} at {task} went {', '.join(expected)}", look)

    def versions(self) -> list[dict[str, Any]]:
        """The versions that the run's training has made."""
        return self.system.rows(
            "SELECT version.* FROM modelops.version JOIN modelops.job ON job.id = version.job_id"
            " WHERE run_id = %(run_id)s ORDER BY version.id",
            run_id=self.run_id,
        )

    def evaluations(self) -> list[dict[str, Any]]:
        return self.system.rows(
            "SELECT evaluation.* FROM modelops.evaluation JOIN modelops.job ON job.id = evaluation.job_id"
            " WHERE run_id = %(run_id)s ORDER BY evaluation.id",
            run_id=self.run_id,
        )

    def artifacts(self, role: str = "output") -> list[dict[str, Any]]:
        """Those of the run's versions."""
        return self.system.rows(
            "SELECT * FROM modelops.artifact WHERE role = %(role)s AND version_id = ANY(%(ids)s) ORDER BY name",
            role=role,
            ids=[version["id"] for version in self.versions()],
        )

    def evidence(self) -> list[dict[str, Any]]:
        """The files that the run's evaluations left."""
        return self.system.rows(
            "SELECT * FROM modelops.artifact WHERE evaluation_id = ANY(%(ids)s) ORDER BY name",
            ids=[evaluation["id"] for evaluation in self.evaluations()],
        )

    def task(self, task: str = "train") -> Mapping[str, Any]:
        """Airflow's own record of a task."""
        answer: Mapping[str, Any] = self.system.get(f"{self.address}/taskInstances/{task}")
        return answer

    def log(self, task: str = "train", attempt: int = 1) -> list[str]:
        """The lines of a task's log; none before the attempt has begun."""
        address = f"/api/v2/{self.address}/taskInstances/{task}/logs/{attempt}"
        answer = self.system.clients["trainer"].get(address, headers={"Accept": "application/json"})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        answer.raise_for_status()
        return [said for line in answer.json()["content"] for said in _said(line)]

    def set_task(self, task: str, state: str, *, account: str = "trainer") -> None:
        """What the buttons "mark as failed" and "mark as success" do."""
        answer = self.system.patch(f"{self.address}/taskInstances/{task}", {"new_state": state}, account=account)
        assert answer.is_success, answer.text

    def clear(self, *tasks: str, downstream: bool = True) -> None:
        """What the button "clear" does."""
        body = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "task_ids": list(tasks),
            "only_failed": False,
            "reset_dag_runs": True,
            "include_downstream": downstream,
        }
        answer = self.system.post(f"dags/{self.dag_id}/clearTaskInstances", body)
        assert answer.is_success, answer.text

    def await_question(self, *, attempt: int = 1) -> None:
        """Wait until the approval waits for its answer."""

        look = lambda: self._in_airflow(TASK_STATE, "approve") == ("awaiting_input", attempt)  # noqa: E731
        self.eventually("the approval waits for its answer", look)

    @property
    def question_address(self) -> str:
        return f"{self.address}/taskInstances/approve/-1/hitlDetails"

    def question(self) -> Mapping[str, Any]:
        """What the page "Required actions" shows."""
        shown: Mapping[str, Any] = self.system.get(self.question_address)
        return shown

    def answer(self, option: str, comment: Any = None, *, account: str = "reviewer", **fields: Any) -> httpx.Response:
        """What the page "Required actions" does; it sends the field `evidence` back as it was shown."""
        given = {"chosen_options": [option], "params_input": {"comment": comment, **fields}}
        return self.system.patch(self.question_address, given, account=account)

    def result(self, task: str) -> Mapping[str, Any]:
        """What a job returned, when it has completed."""
        job = self.await_status(JobStatus.COMPLETED, task=task)
        assert job.result is not None
        return job.result

    def eventually(self, what: str, look: Callable[[], Any]) -> Any:
        return eventually(what, look, story=self.story)

    def await_status(self, *statuses: JobStatus, task: str = "train") -> JobRecord:
        """Wait until the ledger says so of a job."""

        def look() -> JobRecord | None:
            job = self.jobs().get(task)
            return job if job is not None and job.status in statuses else None

        job: JobRecord = self.eventually(f"the job {task} of {self.run_id} is {' or '.join(statuses)}", look)
        return job

    def await_end(self) -> dict[str, JobRecord]:
        """Wait until the run has ended in Airflow, or waits for a person, and the ledger knows the ends of TASKS."""

        def look() -> dict[str, JobRecord] | None:
            known = self.jobs() if self.has_ended() else {}
            known = {task: job for task, job in known.items() if task in TASKS[self.dag_id]}
            whole = set(known) == TASKS[self.dag_id] and all(job.status.is_final for job in known.values())
            return known if whole else None

        jobs: dict[str, JobRecord] = self.eventually(f"{self.run_id} has ended", look)
        return jobs

    def has_ended(self) -> bool:
        """Whether Airflow says so, or that an approval waits for its answer."""
        if self._in_airflow(RUN_STATE) in {("success",), ("failed",)}:
            return True
        return self.dag_id in {LIFECYCLE, IMPORTED, FEATURES} and self._in_airflow(TASK_STATE, "approve")[:1] == (
            "awaiting_input",
        )

    def _in_airflow(self, query: str, *more: str) -> tuple[Any, ...]:
        """What Airflow's database has of this run, for those who wait: it costs Airflow nothing. Empty: nothing."""
        asked = (self.dag_id, self.run_id, *more)
        return self.system.airflow.look(lambda kept: kept.execute(query, asked).fetchone() or ())

    def await_line(self, text: str, task: str = "train", *, attempt: int = 1) -> list[str]:
        """Wait until a line of the task's log says this; the log so far."""

        def look() -> list[str] | None:
            lines = self.log(task, attempt)
            return lines if any(text in line for line in lines) else None

        lines: list[str] = self.eventually(f"the log of {task} has a line {text!r}", look)
        return lines

    def story(self) -> str:
        """All that helps to understand what happened."""
        return "\n".join(self._chapters())

    def _chapters(self) -> Iterator[str]:
        yield f"══ {self.dag_id} / {self.run_id}"
        try:
            for task, job in self.jobs().items():
                yield f"── {job.type} of {job.subject}: {job.status}, attempt {job.attempt}; error: {job.error}"
                for event in self._events(task):
                    detail = json.dumps(event["detail"])[:120]
                    what = f"{event['attempt']} {event['event']:9} {event['actor']}"
                    yield f"   {event['at']:%H:%M:%S.%f} {what} {detail}"
                airflow = self.task(task)
                yield f"   Airflow: {airflow['state']}, try {airflow['try_number']} of {airflow['max_tries'] + 1}"
                for attempt in range(1, airflow["try_number"] + 1):
                    yield f"── log of {task}, attempt {attempt}"
                    yield from self.log(task, attempt)[-12:]
        except Exception as error:  # noqa: BLE001 - what is known shall be shown, whatever else is broken
            yield f"(the story breaks off: {error!r})"
        yield self.system.tails("scheduler", "observer", "postgres")


def _said(line: Any) -> Iterator[str]:
    if not isinstance(line, dict):
        yield str(line)
        return
    yield line["event"]
    for error in line.get("error_detail") or ():
        yield f"{error['exc_type']}: {error['exc_value']}"
