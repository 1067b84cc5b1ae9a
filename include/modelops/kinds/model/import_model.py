"""Import of a model: (none) → imported. A file that was made elsewhere is read, checked, stored, and tried on rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modelops.data.model_files import fetch_model_file
from modelops.domain.errors import ArtifactChanged, ModelFileError, Unavailable
from modelops.domain.versions import ArtifactRole, VersionStatus
from modelops.formats.recognition import recognise
from modelops.kinds.model import code as version_code
from modelops.kinds.model.file_warnings import sentence
from modelops.kinds.model.imported import imported_record, settings_of
from modelops.kinds.model.preflight import check_import
from modelops.kinds.model.sample import ROWS, take_sample
from modelops.kinds.model.workbench import Workbench
from modelops.registry.write import versions
from modelops.repository.pin import pin_datasets, pin_imported_model
from modelops.runtime.model_files import describe, import_limits
from modelops.stages.code import Code, pinned_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.data.model_files import ModelFile
    from modelops.domain.import_requests import ModelImportRequest
    from modelops.domain.imported_models import ImportSettings
    from modelops.domain.versions import Artifact, Version
    from modelops.formats.format import Format
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition
    from modelops.repository.pin import Pinned
    from modelops.runtime.environment import Environment, Lock


def import_model(request: ModelImportRequest, run: JobRun) -> dict[str, Any]:
    """Create a version of a model from a file; returns its number, format and hashes.

    The folder, the request and those for the later stages are checked before the file is read. The file is opened in
    the confined process alone. The version and its files are recorded in one transaction, so that a file which is
    refused leaves no version. A version in use that the same file became is returned.

    Raises:
        BadInput: the request, the folder or the file is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    with run.workdir() as workdir:
        pinned = _pinned(request, workdir / "code", run)
        run.step("code_pinned", sha256=pinned.code_sha256, commit=pinned.commit)
        columns = check_import(pinned.definition, request, run)
        settings = settings_of(request, pinned.definition)
        file, kind = _read(request, workdir, run)
        made = _Import(request=request, pinned=pinned, settings=settings, columns=columns, file=file, format=kind)
        lock, artifacts = pinned_files(made.pinned_with_packages, kind.requirements_file, workdir, run)
        same = _usable(made.existing(lock, run), request)
        if same is None:
            definition, of_file = _try(made, lock, workdir, run)
            artifacts += of_file
    with run.fenced():
        # Another job may have imported the file in the meantime; numbers are assigned under this lock.
        versions.lock_name(run.ledger, request.model)
        known, same = same, _usable(made.existing(lock, run), request)
        if known is not None and same is None:
            raise Unavailable(
                f"{known.subject} was rejected or retired in the meantime; another attempt imports the file"
            )
        version = same or made.record(definition, lock, artifacts, run)
        run.name_subject(version)
        result = _result(version)
        run.complete(result)
    if same is not None:
        run.log(f"This file is {version.subject} already, by the same request and folder: no other version is made.")
    else:
        run.log(f"{version.subject} is imported; SHA-256 of its file: {made.file.sha256}")
    return result


def _usable(version: Version | None, request: ModelImportRequest) -> Version | None:
    """The version that the same file became, unless a life cycle that begins now would change what is decided on it.

    Raises:
        ModelFileError: it is approved or deployed.
    """
    if version is not None and version.status not in (VersionStatus.IMPORTED, VersionStatus.EVALUATED):
        raise ModelFileError(
            f"the file is {version.subject} already, by the same request and folder, which is {version.status}",
            where=request.file,
            expected="another file; or that version in model_statistics, model_evaluation and model_deployment",
        )
    return version


@dataclass(frozen=True, kw_only=True)
class _Import:
    """A request, the pinned folder, the settings of both together, the types of the columns, and the file."""

    request: ModelImportRequest
    pinned: Pinned[ModelDefinition]
    settings: ImportSettings
    columns: Mapping[str, str]
    file: ModelFile
    format: Format

    @property
    def definition(self) -> ModelDefinition:
        return replace(self.pinned.definition, requirements=self.format.requirements)

    @property
    def pinned_with_packages(self) -> Pinned[ModelDefinition]:
        """The pinned folder with the packages of the format, which come from the index of the installation."""
        return replace(self.pinned, definition=self.definition, index=None)

    @property
    def asked(self) -> dict[str, Any]:
        """What makes a version of the same file another one."""
        dataset = self.definition.datasets.choose(self.request.dataset, where=f"{self.request.model}/datasets.yaml")
        return {
            **self.settings.as_record(),
            "external_id": self.request.external_id,
            "dataset": dataset.as_record(),
        }

    @property
    def identity(self) -> str:
        """The hash of the file and of what was asked for."""
        content = json.dumps([self.file.sha256, self.asked], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def existing(self, lock: Lock, run: JobRun) -> Version | None:
        """The version in use that the same file became."""
        return versions.of_file(
            run.ledger,
            name=self.request.model,
            identity=self.identity,
            code_sha256=self.pinned.code_sha256,
            requirements_sha256=lock.sha256,
        )

    def record(self, definition: Mapping[str, Any], lock: Lock, artifacts: list[Artifact], run: JobRun) -> Version:
        """Create the version; within the transaction of `run.fenced`."""
        begun = versions.begin(
            run.ledger, name=self.request.model, job_id=run.job_id, created_by=run.attempt.requested_by
        )
        return versions.imported(
            run.ledger,
            begun,
            job_id=run.job_id,
            definition={**definition, **self.asked, "identity": self.identity},
            columns=self.columns,
            commit=self.pinned.commit,
            dirty=self.pinned.dirty,
            code_sha256=self.pinned.code_sha256,
            requirements_sha256=lock.sha256,
            resources=self.definition.resources.as_record(),
            artifacts=artifacts,
        )


def _pinned(request: ModelImportRequest, destination: Path, run: JobRun) -> Pinned[ModelDefinition]:
    """The folder of the model, or the datasets of the request in place of one."""
    settings = run.resources.settings
    if request.datasets:
        return pin_datasets(request.model, request.datasets, settings=settings, destination=destination)
    return pin_imported_model(
        request.model, settings=settings, destination=destination, allow_dirty=request.allow_dirty
    )


def _read(request: ModelImportRequest, workdir: Path, run: JobRun) -> tuple[ModelFile, Format]:
    """Copy the file to this machine, and recognise its format by its bytes."""
    folder = workdir / "file"
    folder.mkdir()
    resources = run.resources
    file = fetch_model_file(request.file, folder, settings=resources.settings, open_remote=resources.open_remote)
    run.step("file_read", bytes=file.size, sha256=file.sha256)
    kind = recognise(file.path, file.name)
    run.step("format_recognised", format=kind.name)
    model = workdir / "model"
    model.mkdir()
    return replace(file, path=file.path.rename(model / kind.file)), kind


def _try(made: _Import, lock: Lock, workdir: Path, run: JobRun) -> tuple[dict[str, Any], list[Artifact]]:
    """Open the file in the confined process, and score the first rows; returns the definition and the files."""
    code = Code(definition=made.definition, folder=made.pinned.folder, lock=lock)
    bench = Workbench(
        code=code,
        folder=workdir,
        hyperparameters={},
        project_id=made.request.model.partition("/")[0],
        model_version="0",
        job_id=str(run.job_id),
        rows_url=run.resources.rows_url,
        settings=run.resources.settings,
        log=run.log,
        step=run.step,
        meter=run.meter,
    )
    environment = bench.build()
    # Reading the file and scoring the sample have one limit together, as a file may hang on certain values only.
    bench = replace(bench, limits=import_limits(bench.allowance, made.file.size))
    description = describe(
        made.file.path,
        made.format,
        environment=environment,
        workdir=workdir,
        allowance=bench.allowance,
        log_bounds=bench.settings.installation.log_bounds,
        on_line=run.log,
        job_id=str(run.job_id),
        unconfined=bench.settings.machine.foreign_unconfined,
    )
    run.step("file_described", inputs=len(description.inputs), outputs=len(description.outputs))
    definition, model = imported_record(made.file, description, made.settings, made.definition, made.request.file)
    for warning in definition["warnings"]:
        run.log(f"Warning: {sentence(warning)}")
    sample = _sample(replace(bench, imported=model), made, environment, workdir, run)
    artifacts = [run.store_file(made.file.path, ArtifactRole.OUTPUT), run.store_file(sample, ArtifactRole.SAMPLE)]
    if artifacts[0].sha256 != made.file.sha256:
        raise ArtifactChanged(
            f"{made.file.name} was changed on this machine after it was read",
            where=made.request.file,
            expected=f"the file with SHA-256 {made.file.sha256}",
        )
    return definition, artifacts


def _sample(bench: Workbench, made: _Import, environment: Environment, workdir: Path, run: JobRun) -> Path:
    """Score the first rows of the dataset, in several arrangements; returns the file of rows and predictions."""
    dataset, rows = bench.read(made.request.dataset, labelled=False, limit=ROWS)
    sample = workdir / version_code.SAMPLE
    left_out = take_sample(bench, environment, dataset, rows, model=made.file.path.parent, path=sample)
    if left_out:
        run.log(f"{len(left_out)} rows of the sample can't be scored; the first: {left_out[0].reason}")
    run.step("sample_scored")
    return sample


def _result(version: Version) -> dict[str, Any]:
    """The job's result, the same for every job that returns the version."""
    assert version.definition is not None
    definition = version.definition
    return {
        "model": version.name,
        "version": version.number,
        "format": definition["model"]["format"],
        "type": definition["model"]["type"],
        "external_id": definition["external_id"],
        "file_sha256": definition["file"]["sha256"],
        "artifact_sha256": version.artifact_sha256,
        "mapped": definition["mapped"],
        "warnings": len(definition["warnings"]),
    }
