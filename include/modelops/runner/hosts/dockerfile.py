"""Reads the settings of an image from the last stage of its Dockerfile."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


@dataclass(kw_only=True)
class Stage:
    """Environment, folder and command of an image; `copies` are (path in the project, path in the image)."""

    environment: dict[str, str] = field(default_factory=lambda: {"PATH": SYSTEM_PATH})
    workdir: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    copies: list[tuple[str, str]] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    @property
    def python(self) -> str | None:
        """The folder of the Python environment: that of the first folder on PATH that isn't one of the system's."""
        first = self.environment["PATH"].split(":")[0]
        return None if first in SYSTEM_PATH.split(":") or not first.endswith("/bin") else first.removesuffix("/bin")

    def inherited(self) -> Stage:
        """A new stage that is based on this one."""
        return Stage(
            environment=dict(self.environment),
            workdir=self.workdir,
            entrypoint=self.entrypoint,
            command=self.command,
            copies=list(self.copies),
            volumes=list(self.volumes),
        )


def last_stage(path: Path) -> Stage:
    """Read ENV, ARG, WORKDIR, ENTRYPOINT, CMD and COPY of the last stage and of the stages that it is based on.

    Raises:
        BadInput: the file can't be read, or has no stage.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(f"the file can't be read: {error}", where=str(path), expected="a Dockerfile") from None
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    arguments: dict[str, str] = {}
    for instruction, rest in _instructions(text):
        if instruction == "FROM":
            base, _, name = re.sub(r"^--\S+\s+", "", rest).partition(" ")
            stage = stages[base].inherited() if base in stages else Stage()
            stages[name.strip().partition(" ")[2].strip()] = stage
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            arguments[name.strip()] = default.strip().strip("\"'")
        elif stage is not None:
            _apply(stage, instruction, rest, arguments)
    if stage is None:
        raise BadInput("the file has no stage", where=str(path), expected="a Dockerfile with FROM")
    return stage


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    found = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in found]


def _apply(stage: Stage, instruction: str, rest: str, arguments: dict[str, str]) -> None:
    known = {**arguments, **stage.environment}
    match instruction:
        case "ENV" if "=" in rest.split()[0]:
            for one in shlex.split(rest):
                name, _, value = one.partition("=")
                stage.environment[name] = _expanded(value, known)
        case "ENV":
            name, _, value = rest.partition(" ")
            stage.environment[name] = _expanded(value.strip(), known)
        case "WORKDIR":
            stage.workdir = _expanded(rest, known)
        case "ENTRYPOINT":
            stage.entrypoint = _words(rest)
            stage.command = ()
        case "CMD":
            stage.command = _words(rest)
        case "VOLUME":
            stage.volumes += json.loads(rest) if rest.startswith("[") else rest.split()
        case "COPY" | "ADD" if "--from" not in rest:
            *sources, target = [one for one in shlex.split(rest) if not one.startswith("--")]
            target = _expanded(target, known)
            target = target if target.startswith("/") else f"{stage.workdir.rstrip('/')}/{target}"
            within = target.endswith(("/", "/."))
            for source in sources:
                name = source.rstrip("/").rpartition("/")[2]
                stage.copies.append((source, f"{target.rstrip('/.')}/{name}" if within else target))


def _words(rest: str) -> tuple[str, ...]:
    return tuple(json.loads(rest)) if rest.startswith("[") else ("/bin/sh", "-c", rest)


def _expanded(value: str, known: dict[str, str]) -> str:
    return VARIABLE.sub(lambda one: known.get(one[1] or one[3]) or one[2] or "", value)
