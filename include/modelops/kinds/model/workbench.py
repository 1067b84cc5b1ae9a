"""Runs a version's code on rows: shared by training, evaluation, scoring and the check without Airflow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from modelops.data.snapshot import write_snapshot
from modelops.domain.errors import UserCodeError
from modelops.domain.resources import Allowance, Limits, Meter
from modelops.formats.catalogue import FORMATS
from modelops.kinds.model.imported import imported_of
from modelops.plain_files import HeldFolder
from modelops.repository.definition import CONFIG
from modelops.runtime.environment import build
from modelops.runtime.model_files import require_confinement
from modelops.runtime.outcome import ENTRY_FILES
from modelops.runtime.process import Assignment, run_child
from modelops.runtime.scoring import ScoringAssignment
from modelops.scoring.engine import score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.domain.model_files import ImportedModel
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition
    from modelops.runtime.environment import Environment
    from modelops.scoring.engine import Scored, Sink, Source
    from modelops.settings import Settings
    from modelops.stages.code import Code


EXPECTED = {
    "train": "the model, saved below context.artifact_output_path",
    "evaluate": "metrics.json, and plots if you like, below context.artifact_output_path",
}


class Step(Protocol):
    """Reports that a step was reached, with details."""

    def __call__(self, name: str, /, **detail: object) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """A version's code, the values that are passed to it, and a working folder.

    `rows_url` has the login for users' SQL, `meter` what the code has used in this job. The code gets
    `hyperparameters`, `project_id`, `model_version` and `job_id` through its context. `imported` says how the file of
    an imported model is used, which has no code; None: the model has code of its own.
    """

    code: Code[ModelDefinition]
    folder: Path
    hyperparameters: Mapping[str, Any]
    project_id: str
    model_version: str
    job_id: str
    rows_url: str
    settings: Settings
    log: Callable[[str], None]
    step: Step
    meter: Meter
    imported: ImportedModel | None = None
    limits: Limits | None = None
    """Other limits than those of the model's folder and the installation."""

    @classmethod
    def of(cls, run: JobRun, version: Version, code: Code[ModelDefinition], folder: Path) -> Workbench:
        """The workbench of a job, for a version's code."""
        return cls(
            code=code,
            folder=folder,
            hyperparameters=version.hyperparameters or {},
            project_id=version.name.partition("/")[0],
            model_version=str(version.number),
            job_id=str(run.job_id),
            rows_url=run.resources.rows_url,
            settings=run.resources.settings,
            log=run.log,
            step=run.step,
            meter=run.meter,
            imported=imported_of(version),
        )

    @property
    def name(self) -> str:
        """The reference of the model."""
        return self.code.definition.reference

    @property
    def allowance(self) -> Allowance:
        """The limits of the code, and what it has used of them in this job."""
        where = f"{self.name}/{CONFIG}"
        limits = self.limits or Limits.of(self.code.definition.resources, self.settings.ceilings, where=where)
        return Allowance(limits=limits, meter=self.meter)

    def build(self) -> Environment:
        """The Python environment of the code; built on first use on this machine.

        Raises:
            RequirementsError: a pinned package is not available any more.
            Unavailable: the package index can't be reached.
        """
        is_file = self.code.definition.imported is not None
        where = f"the packages of {self.name}" if is_file else f"{self.name}/model_modules/requirements.txt"
        environment = build(self.code.lock, machine=self.settings.machine, where=where, log=self.log)
        self.step("environment_ready", requirements=self.code.lock.sha256)
        return environment

    def read(
        self,
        name_or_sql: str,
        *,
        trained_on: Version | Snapshot | None = None,
        labelled: bool = True,
        every_label: bool = True,
        limit: int | None = None,
    ) -> tuple[Dataset, Snapshot]:
        """Read the rows of a dataset into a file, and check them; with `trained_on`, also their types.

        `labelled`: the rows must have the targets, which rows that are only scored don't need. Without `every_label`,
        some of these may be null.

        Raises:
            DatasetError: the rows do not match the model's declaration.
            Unavailable: the database can't be reached.
        """
        dataset = self.code.definition.datasets.choose(name_or_sql, where=f"{self.name}/datasets.yaml")
        rows = write_snapshot(
            self.rows_url,
            dataset,
            self.folder / "rows.arrow",
            where=f"{self.name}, dataset {dataset.label}",
            labelled=labelled,
            every_label=every_label,
            training_types=None if trained_on is None else trained_on.columns,
            limit=limit,
            bounds=self.settings.installation.read_bounds,
        )
        self.step("rows_written", rows=rows.rows, sha256=rows.sha256)
        return replace(dataset, had_nulls=(trained_on or rows).had_nulls), rows

    def score(
        self,
        source: Source,
        sink: Sink,
        environment: Environment,
        dataset: Dataset,
        *,
        model: Path,
        outputs: Mapping[str, str] | None,
        budget: int,
        as_given: bool = False,
        on_features: Callable[[pa.RecordBatch], None] | None = None,
        on_scored: Callable[[pa.RecordBatch], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> Scored:
        """Stream rows through the ModelScorer in the confined child; see `scoring.engine.score`.

        `model` is the folder with the files of the training. `outputs` has the columns that the predictions must have;
        None: any columns.

        Raises:
            ModelFileError: the machine lacks the confinement that a model file needs; or as `scoring.engine.score`.
        """
        if self.imported is not None:
            unconfined = self.settings.machine.foreign_unconfined
            require_confinement(FORMATS[self.imported.format], unconfined=unconfined)
        assignment = ScoringAssignment(**self._subject(dataset, artifact_input=model), outputs=outputs, budget=budget)
        return score(
            source,
            sink,
            assignment=assignment,
            environment=environment,
            workdir=self.folder,
            allowance=self.allowance,
            log_bounds=self.settings.installation.log_bounds,
            on_line=self.log,
            as_given=as_given,
            on_features=on_features,
            on_scored=on_scored,
            on_progress=on_progress,
        )

    def _subject(self, dataset: Dataset, *, artifact_input: Path | None) -> dict[str, Any]:
        return {
            "model_folder": self.code.folder,
            "artifact_input": artifact_input,
            "hyperparameters": self.hyperparameters,
            "dataset": dataset,
            "project_id": self.project_id,
            "model_id": self.code.definition.model_id,
            "model_version": self.model_version,
            "job_id": self.job_id,
            "standard": tuple(
                verb for verb in ("evaluate", "score") if ENTRY_FILES[verb] in self.code.definition.left_out
            ),
            "imported": self.imported,
        }

    def run(
        self,
        verb: Literal["train", "evaluate"],
        environment: Environment,
        dataset: Dataset,
        rows: Snapshot,
        *,
        model: Path | None = None,
        scored: Path | None = None,
    ) -> HeldFolder:
        """Run train() or evaluate() in the confined child; returns the folder with the files that it wrote.

        For an evaluation, `model` is the folder with the files of the training; for the standard one, `scored` is the
        file of the scored rows.

        Raises:
            UserCodeError: the function raised, exited or crashed, or it wrote no files, too many, or other than plain
                files.
            ChildLost: its process was killed from outside.
        """
        output = HeldFolder.create(self.folder / "output")
        assignment = Assignment(
            **self._subject(dataset, artifact_input=model),
            verb=verb,
            rows=rows.path,
            artifact_output=output.path,
            scored=scored,
            slice_by=self.code.definition.slice_by,
        )
        self.step(f"{verb}_started")
        run_child(
            assignment,
            environment=environment,
            workdir=self.folder,
            allowance=self.allowance,
            log_bounds=self.settings.installation.log_bounds,
            on_line=self.log,
        )
        if not output.files(most=self.settings.installation.output_files):
            raise UserCodeError(f"{verb}() left no file", where=ENTRY_FILES[verb], expected=EXPECTED[verb])
        self.step(f"{verb}_finished")
        return output
