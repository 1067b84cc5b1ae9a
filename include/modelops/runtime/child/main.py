"""The program that runs a model's own code, with the Python of the model's environment.

Started by path, never imported. It imports only the standard library and, to score or to run a feature task, Arrow. The
model's code can import nothing of ModelOps except the stand-ins of teradata.py. The outcome is written to a file.

Usage: main.py ASSIGNMENT_JSON OUTCOME_JSON
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import threading
import traceback
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, GeneratorType, ModuleType
from typing import Any

MODULES = {
    "train": "model_modules.training",
    "evaluate": "model_modules.evaluation",
    "score": "model_modules.scoring",
    "describe": "description",
    "run_task": "task",
}
FORMATS = ("onnx", "lightgbm", "xgboost", "skops")
"""The formats of model files, each with its part format_<name>.py."""

# Loaded when needed, as some need Arrow. The frames of these files are removed from tracebacks of user code.
PARTS = {
    f"_modelops_{part}": Path(__file__).with_name(f"{part}.py")
    for part in (
        *("predictions", "scoring", "task", "standard", "teradata", "teradata_run"),
        *("evaluation", "classification", "regression", "plots"),
        *("model_file", "imported", "system_calls"),
        *(f"format_{name}" for name in FORMATS),
    )
}
PREDICTIONS, SCORING, TASK, STANDARD, TERADATA, TERADATA_RUN, EVALUATION, *MEASURES = [*PARTS][:10]
MODEL_FILE, IMPORTED, SYSTEM_CALLS = [*PARTS][10:13]
STAND_IN_PACKAGES = ("aoa", "tmo", "teradatamodelops", "teradataml")
"""Packages that teradata.py stands in for."""
CONTEXT = "_modelops_context"
PROGRAM_FILES = {__file__, *map(str, PARTS.values())}

INSTEAD_OF_FILE = "a model folder, whose ModelScorer opens the file and whose evaluate(context) measures it"

WITHOUT_TRACEBACK = {"missing_function", "not_run", "exit", "wrong_result", "model_file"}
MESSAGE_CHARACTERS = 2_000
TRACEBACK_LINES = 300


class MissingFunctionError(Exception):
    """The model's module doesn't define the required function."""


class NotRunError(Exception):
    """The model's function returned a generator or a coroutine instead of running."""


class StandIns:
    """Finds the modules of STAND_IN_PACKAGES that neither the model's folder nor its environment has.

    New environments have none of them, and older ones may: the code was trained with those. Nothing of teradata.py is
    loaded before the code imports one of them.
    """

    def __init__(self, context: Any, *, verb: str) -> None:
        self._context, self._verb = context, verb
        self._there: dict[str, bool] = {}
        self._part: ModuleType | None = None
        self._loading = threading.Lock()  # two threads may import two of these packages at once

    @property
    def part(self) -> ModuleType:
        """teradata.py, loaded and initialised."""
        with self._loading:
            if self._part is None:
                part = _load_with([TERADATA_RUN], TERADATA)
                part.begin(self._context, verb=self._verb)
                self._part = part
            return self._part

    def find_spec(self, name: str, *_unused: object) -> Any:
        """The spec of a stand-in, or None to leave the import to other finders."""
        package = name.partition(".")[0]
        if package not in STAND_IN_PACKAGES:
            return None
        if package not in self._there:
            self._there[package] = importlib.machinery.PathFinder.find_spec(package) is not None
        return None if self._there[package] else self.part.spec(name)


def main(assignment_file: str, outcome_file: str) -> int:
    """Carry out the assignment, write the outcome, and return the exit code."""
    faulthandler.enable()  # a crash in native code shows its line of Python in the log
    assignment = json.loads(Path(assignment_file).read_bytes())
    folder = assignment["folder"]
    contexts = _load(CONTEXT, Path(__file__).with_name("context.py"))
    context = (contexts.TaskContext if assignment["verb"] == "run_task" else contexts.ModelContext)(assignment)
    stand_ins = StandIns(context, verb=assignment["verb"])
    if not assignment.get("imported"):  # a model file comes without code
        sys.path.insert(0, folder)
        sys.meta_path.insert(0, stand_ins)
    sys.argv[:] = [f"{folder}/{MODULES[assignment['verb']].replace('.', '/')}.py"]
    pid = os.getpid()
    outcome: dict[str, Any] = {"ok": True}
    try:
        match assignment["verb"]:
            case "describe":
                _describe_file(assignment)
            case "score":
                _score(assignment, context, stand_ins)
            case "train":
                _train(assignment, context)
            case "evaluate" if "evaluate" in assignment["standard"]:
                _evaluate(assignment, context, stand_ins)
            case "run_task":
                _run_task(assignment, context)
            case verb:
                _call(MODULES[verb], verb, context)
    except BaseException as error:
        if os.getpid() != pid:
            raise  # a process that the model's code forked; only the original process writes the outcome
        outcome = {"error": _describe(error, folder)}
    if os.getpid() == pid:
        _write(Path(outcome_file), outcome)
    return 0 if "ok" in outcome else 1


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Not put into sys.modules: what joblib sends to its workers then takes the classes along.
    spec.loader.exec_module(module)
    return module


def _call(module: str, name: str, context: object, *, may_yield: bool = False) -> Any:
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        raise MissingFunctionError(f"function {name}")
    returned = function(context)
    if isinstance(returned, (CoroutineType, AsyncGeneratorType)) or (
        isinstance(returned, GeneratorType) and not may_yield
    ):
        raise NotRunError(type(returned).__name__)
    return returned


def _train(assignment: dict[str, Any], context: object) -> None:
    standard = _load(STANDARD, PARTS[STANDARD])
    standard.check_packages(assignment["standard"])
    returned = _call(MODULES["train"], "train", context)
    standard.store_estimator(returned, context, assignment["standard"])


def _evaluate(assignment: dict[str, Any], context: object, stand_ins: StandIns) -> None:
    """Run the standard evaluation, with the standard ModelScorer or the model's own."""
    part, standard = _load_with([PREDICTIONS], SCORING), _load(STANDARD, PARTS[STANDARD])
    if assignment["imported"]:  # its file isn't opened: what is in it can't change the figures
        scorer = _load_with([MODEL_FILE], IMPORTED).Evaluated(assignment["imported"])
        kind = scorer.kind
    else:
        scorer = part.make_scorer(_scorer_class(assignment, standard, stand_ins), context, assignment["artifact_input"])
        kind = scorer.kind if isinstance(scorer, standard.ModelScorer) else None
    evaluation = _load_with(MEASURES, EVALUATION)
    if assignment["imported"]:
        evaluation.__dict__["OWN"] = INSTEAD_OF_FILE  # such a model has no evaluation.py
    try:
        evaluation.evaluate(context, scorer, kind, scored=assignment["scored"], slice_by=assignment["slice_by"])
    except Exception as error:
        if hasattr(error, "kind") or isinstance(error, MemoryError):
            raise
        print("\n".join(_traceback(error, assignment["folder"])), flush=True)
        raise evaluation.EvaluationError(
            f"the standard evaluation raised {_one_line(error)}",
            right="an evaluate(context) in model_modules/evaluation.py",
        ) from error


def _score(assignment: dict[str, Any], context: object, stand_ins: StandIns) -> None:
    part, standard = _load_with([PREDICTIONS], SCORING), _load(STANDARD, PARTS[STANDARD])
    part.score(
        assignment, context, scorer_class=lambda: _scorer_class(assignment, standard, stand_ins), to_text=_one_line
    )


def _describe_file(assignment: dict[str, Any]) -> None:
    """Open a model file, and write what the library of its format says of it."""
    imported, model_class = _of_file(assignment["imported"])
    model = model_class(os.path.join(assignment["artifact_input"], assignment["imported"]["file"]))
    imported.write_description(model, assignment["artifact_output"])


def _of_file(about: dict[str, Any]) -> tuple[ModuleType, Any]:
    """The part for imported models, and the class of the format; from now on this process starts no other."""
    imported = _load_with([MODEL_FILE], IMPORTED)
    part = about["format"].partition("_")[0]
    model_class = _load_with([MODEL_FILE, STANDARD], f"_modelops_format_{part}").Model
    with contextlib.suppress(OSError):  # the job knows which layers there are, and whether they suffice
        _load(SYSTEM_CALLS, PARTS[SYSTEM_CALLS]).refuse_processes()
    return imported, model_class


def _scorer_class(assignment: dict[str, Any], standard: ModuleType, stand_ins: StandIns) -> Any:
    if assignment["imported"]:
        imported, model_class = _of_file(assignment["imported"])
        return imported.scorer_of(model_class, assignment["imported"])
    if "score" in assignment["standard"]:
        return standard.ModelScorer
    module = importlib.import_module(MODULES["score"])
    function = getattr(module, "score", None)
    if hasattr(module, "ModelScorer") or not callable(function):
        return getattr(module, "ModelScorer", None)
    return stand_ins.part.scorer(function)


def _run_task(assignment: dict[str, Any], context: object) -> None:
    part = _load_with([PREDICTIONS], TASK)
    returned = _call(MODULES["run_task"], assignment["function"], context, may_yield=True)
    part.write(returned, assignment)


def _load_with(needed: list[str], name: str) -> ModuleType:
    sys.modules.update({each: _load(each, PARTS[each]) for each in needed})  # only this part may import them
    part = _load(name, PARTS[name])
    for each in needed:
        del sys.modules[each]
    return part


def _describe(error: BaseException, folder: str) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        _free_memory(error)
    kind, name = _kind(error)
    # If too many rows were rejected, the error of the first one is reported.
    culprit = error.__cause__ if kind == "over_budget" else error
    return {
        "kind": kind,
        "type": str(error) if kind == "not_run" else _type_name(error),
        "message": _message(error)[:MESSAGE_CHARACTERS],
        "name": name,
        "where": "" if culprit is None else _where(culprit, folder),
        "traceback": [] if culprit is None or kind in WITHOUT_TRACEBACK else _traceback(culprit, folder),
    }


def _kind(error: Any) -> tuple[str, str]:
    if type(error).__module__ in {CONTEXT, *PARTS} and hasattr(error, "kind"):
        return error.kind, error.name
    match error:
        case MissingFunctionError():
            return "missing_function", ""
        case NotRunError():
            return "not_run", ""
        case SystemExit():
            return "exit", "" if error.code is None else repr(error.code)[:80]
        case MemoryError():
            return "memory", ""
        case ModuleNotFoundError(name=str(name)) if name.startswith(
            ("model_modules", "shared_modules")
        ) or not _is_installed(name.partition(".")[0]):
            return "missing_module", name
        case ImportError():
            return "import", ""
    return "error", ""


def _is_installed(package: str) -> bool:
    try:
        return package in sys.modules or importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _free_memory(error: BaseException) -> None:
    """Release what the failed code holds, and raise the memory limit by the reserve for reports."""
    traceback.clear_frames(error.__traceback__)
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__qualname__}"
    )


def _one_line(error: BaseException) -> str:
    """An error in one line: its type and message."""
    message = " ".join(_message(error).split())
    return f"{_type_name(error)}: {message}" if message else _type_name(error)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is the model's own class
        return "(its message can't be shown)"


def _where(error: BaseException, folder: str) -> str:
    """The deepest line in the model's own files, as file:line relative to its folder; empty if there is none."""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(f"{folder}/"):
        return f"{str(error.filename).removeprefix(f'{folder}/')}:{error.lineno}"
    where = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(f"{folder}/"):
            where = f"{frame.f_code.co_filename.removeprefix(f'{folder}/')}:{line}"
    return where


def _traceback(error: BaseException, folder: str) -> list[str]:
    """The traceback as Python prints it, without the frames of this file and of the import machinery."""
    report = traceback.TracebackException.from_exception(error)
    _remove_own_frames(report)
    lines = "".join(report.format()).replace(f"{folder}/", "").splitlines()
    lines = [line[:MESSAGE_CHARACTERS] for line in lines]
    left_out = len(lines) - TRACEBACK_LINES
    return lines if left_out <= 0 else [f"({left_out} lines left out)", *lines[-TRACEBACK_LINES:]]


def _remove_own_frames(report: traceback.TracebackException) -> None:
    waiting, seen = [report], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        one.stack[:] = [
            frame
            for frame in one.stack
            if frame.filename not in PROGRAM_FILES and not frame.filename.startswith("<frozen importlib")
        ]
        waiting += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]


def _write(path: Path, outcome: dict[str, Any]) -> None:
    """Write the file, which is there and empty. Half of it isn't JSON, so it counts for nothing."""
    path.write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
