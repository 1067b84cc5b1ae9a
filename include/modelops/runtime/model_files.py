"""Has the library of a format open a model file, in a confined process that starts no other, and checks its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ModelFileError, UserCodeError
from modelops.domain.model_files import Description
from modelops.domain.resources import GIB, Allowance, Limit, Limits
from modelops.plain_files import HeldFolder, remove
from modelops.runtime.confinement import Rank, confinement_of_this_machine
from modelops.runtime.file_outcome import ANOTHER
from modelops.runtime.process import run_assignment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.formats.format import Format
    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds

MAX_SECONDS = 50.0
"""Of CPU time, and of time."""
MEMORY, MEMORY_PER_BYTE = 2 * GIB, 4
"""Bytes that reading a file may take: at least, and for each of its bytes."""
DESCRIPTION, MAX_BYTES = "description.json", 2**20


def require_confinement(format_: Format, *, unconfined: bool) -> None:
    """Refuse to open a file of this format on this machine if it lacks the confinement; call it before each opening.

    Args:
        unconfined: the setting `MachineSettings.foreign_unconfined`, which allows it.

    Raises:
        ModelFileError: the machine can't confine the process, so that a hostile file could do as its user may.
    """
    confinement = confinement_of_this_machine()
    if confinement.rank is not Rank.NONE or format_.unconfined or unconfined:
        return
    raise ModelFileError(
        f"{format_.title} files are not opened on this machine, which can't confine the process that reads them: it"
        f" lacks {confinement.lacks}",
        where=format_.title,
        expected="a machine with Linux that has seccomp; or an ONNX file; or MODELOPS_FOREIGN=unconfined, if you trust"
        " whoever made the file as you trust the users of this machine",
    )


def describe(
    file: Path,
    format_: Format,
    *,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    job_id: str,
    unconfined: bool = False,
) -> Description:
    """Open a model file with the library of its format, try it on a few rows, and return what it is.

    Args:
        file: the file, alone in its folder: the process reads the folder. Messages name it by its name.
        format_: from `recognise`.
        environment: with the format's packages.
        workdir: a folder of this attempt alone, as for `run_child`.
        allowance: the limits of the job. Reading gets at most 50 s, and memory by the size of the file.
        log_bounds, on_line: as for `run_child`.
        unconfined: see `require_confinement`.

    Raises:
        ModelFileError: the library can't read it or predict with it, crashed or reached a limit; or the machine lacks
            the confinement.
        ChildLost: the process was killed from outside.
        Unavailable: the environment doesn't exist.
    """
    require_confinement(format_, unconfined=unconfined)
    workdir.mkdir(parents=True, exist_ok=True)
    remove(workdir / "described")
    inner = Allowance(limits=import_limits(allowance, file.stat().st_size))
    with HeldFolder.create(workdir / "described") as output:
        try:
            run_assignment(
                _Opening(file=file, format=format_.name, output=output.path, job_id=job_id).to_json(),
                environment=environment,
                workdir=workdir / "describing",
                allowance=inner,
                log_bounds=log_bounds,
                on_line=on_line,
            )
        finally:
            if inner.meter.total is not None:
                allowance.meter.add(inner.meter.total)
        return _read(output, format_, file.name)


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """The assignment of a child process: describe a model file."""

    file: Path
    format: str
    output: Path
    job_id: str

    def to_json(self) -> dict[str, Any]:
        """As child/main.py reads it; a model has no rows and no code yet."""
        return {
            "verb": "describe",
            "folder": str(self.file.parent.resolve()),
            "artifact_input": str(self.file.parent.resolve()),
            "artifact_output": str(self.output.resolve()),
            "imported": {"format": self.format, "file": self.file.name},
            "job_id": self.job_id,
            "standard": (),
            "rows": None,
            "had_nulls": None,
            "hyperparameters": {},
            "dataset": {},
            "project_id": "",
            "model_id": "",
            "model_version": "",
        }


def import_limits(allowance: Allowance, size: int) -> Limits:
    """The limits of the code of an import, for a file of `size` bytes; those of the job where they are lower."""
    own = {
        "memory": float(MEMORY + MEMORY_PER_BYTE * size),
        "cpu_seconds": MAX_SECONDS,
        "seconds": MAX_SECONDS,
    }
    found: dict[str, Limit] = {}
    for name, value in own.items():
        given = getattr(allowance.limits, name)
        left = None if given is None else getattr(allowance, name)
        if left is None or value < left:
            found[name] = Limit(value=value, source="the import of model files", expected="a smaller model")
        else:
            found[name] = Limit(value=left, source=given.source, expected=given.expected)
    return Limits(**found)


def _content(output: HeldFolder) -> bytes:
    with output.open(DESCRIPTION) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    return content


def _read(output: HeldFolder, format_: Format, name: str) -> Description:
    """The description that the child has written, which is checked as what a stranger wrote."""
    try:
        return Description.from_json(json.loads(_content(output)), format_=format_.name)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, UserCodeError) as error:
        reason = error.what if isinstance(error, UserCodeError) else error
        raise ModelFileError(
            f"{format_.library} gave no valid description of this {format_.title} file: {reason}",
            where=name,
            expected=ANOTHER,
        ) from None
