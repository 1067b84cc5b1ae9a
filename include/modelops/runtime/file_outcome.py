"""Translates how the process that opened a model file ended into the result or the error of the job."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ChildLost, ModelFileError
from modelops.domain.resources import seconds_text, size_text
from modelops.formats.catalogue import FORMATS
from modelops.runtime.outcome import FROM_OUTSIDE, OverBudget, read_outcome, signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelops.domain.resources import Allowance
    from modelops.runtime.guarded import Ending
    from modelops.runtime.outcome import Failure

_DOING = {"describe": ("reading this {} file", "read"), "score": ("scoring rows with this {} file", "score rows with")}
_HARM = "it is damaged, or made to do harm"
_HARM_OR_LARGE = "it is damaged, made to do harm, or too large"
_MAX_LINES = 60
_MAX_MESSAGE = 500
ANOTHER = "the file as the library wrote it, or the model exported again"


def check_file_outcome(
    ending: Ending,
    outcome: Path,
    imported: Mapping[str, Any],
    *,
    verb: str,
    allowance: Allowance,
    on_line: Callable[[str], None],
) -> None:
    """Return if the file was described or has scored all rows; otherwise raise an error that names the format.

    Args:
        ending: as `run_guarded` gives it.
        outcome: the file that child/main.py writes last.
        imported: `format` and `file` of the model.
        verb: `describe` or `score`.
        allowance: the limits it had; its meter has what the job has used.
        on_line: gets the traceback of an error of the library.

    Raises:
        ModelFileError: the library can't read the file or predict with it, or crashed, or reached a limit.
        OverBudget: more rows than allowed can't be scored.
        ChildLost: its process was killed from outside.
    """
    format_, file = FORMATS[imported["format"]], imported["file"]
    doing, able = (text.format(format_.title) for text in _DOING[verb])
    succeeded, failure = (False, None) if ending.status is None else read_outcome(outcome)
    if succeeded:  # some libraries crash while Python shuts down
        return
    if ending.exceeded:
        what, expected = _over_limit(ending.exceeded, allowance)
        raise ModelFileError(f"{format_.library} {what} {doing}: {_HARM_OR_LARGE}", where=file, expected=expected)
    if ending.status is None:
        raise ChildLost(f"the guard process of {format_.library} was killed or stopped while {doing}")
    if -ending.status in FROM_OUTSIDE:
        raise ChildLost(
            f"the process that was {doing} was killed from outside by {signal_name(-ending.status)}"
            + ("; the system does this when the machine runs out of memory" if -ending.status == signal.SIGKILL else "")
        )
    if failure is not None:
        for line in failure.traceback[-_MAX_LINES:]:
            on_line(line)
        raise _error_of(failure, format_.library, format_.title, f"{able} this {format_.title} file", file, allowance)
    how = signal_name(-ending.status) if ending.status < 0 else f"exit code {ending.status}"
    raise ModelFileError(f"{format_.library} crashed while {doing} ({how}): {_HARM}", where=file, expected=ANOTHER)


def _error_of(failure: Failure, library: str, title: str, task: str, file: str, allowance: Allowance) -> Exception:
    message = " ".join(failure.message.split())[:_MAX_MESSAGE]
    match failure.kind:
        case "over_budget":
            return OverBudget(position=int(failure.name or 0), reason=failure.message, where=file)
        case "model_file" | "wrong_result":
            what, expected = f"this {title} file can't be used: {message}", failure.name or ANOTHER
        case "memory":
            _, expected = _over_limit("memory", allowance)
            what = f"{library} ran out of memory when it should {task}: {_HARM_OR_LARGE}"
        case "exit":
            what, expected = f"{library} left the program instead of an answer when it should {task}", ANOTHER
        case "missing_module" | "import":
            what, expected = (
                f"{library} can't be imported: {message}",
                "the packages of this format, as they are pinned",
            )
        case _:
            what, expected = f"{library} can't {task}: {message or failure.type}", ANOTHER
    return ModelFileError(what, where=file, expected=expected)


def _over_limit(key: str, allowance: Allowance) -> tuple[str, str]:
    """What was exceeded, and what would be right; `key` is the field of Limits."""
    limit = getattr(allowance.limits, key)
    if limit is None:
        return "ran out of memory while", f"a smaller model, or more memory; or {ANOTHER}"
    text = size_text(int(limit.value)) if key == "memory" else seconds_text(limit.value)
    noun = {"memory": "of memory", "cpu_seconds": "of CPU time", "seconds": "of time"}[key]
    return (
        f"used more than the {text} {noun} that {limit.source} allows while",
        f"{ANOTHER}; or {limit.expected}",
    )
