"""Finds models that can't run here: models in R or SQL, and models whose Python needs a Teradata database.

Their code is parsed, never run. Models are checked when they are pinned, checked, listed or requested for a training;
code that was pinned before is not checked. Imports that the code can do without are ignored: those in a `try` that
catches their failure or under TYPE_CHECKING, and names that the file also binds to something else.
"""

from __future__ import annotations

import ast
import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError
from modelops.domain.teradata import IN_DATABASE, MODULES, STAND_INS
from modelops.repository.reading import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ABOUT, CODE = "model.json", "model_modules/"
SHOWN = 5
"""The number of names that a message lists."""
_LANGUAGES = {"r": "R", "sql": "SQL"}
_TOKENS = [name.encode() for name in (*sorted(STAND_INS), *IN_DATABASE)]
_CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_EXPECTED = {
    "R": "the model in Python, such as scikit-learn, on the rows of context.read_pandas()",
    "SQL": "the model in Python, with the SQL of its rows in datasets.yaml; SQL that computes features is a feature"
    " task",
}
_EXPECTED_IN_DATABASE = (
    "the same in Python, such as scikit-learn, on the rows of context.read_pandas(); what the SQL of datasets.yaml can"
    " do may be done there"
)


@dataclass(frozen=True, kw_only=True, order=True)
class _Use:
    """A name that has no stand-in, and where it is used."""

    file: str
    line: int
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def refuse_unsupported(folder: Path, reference: str) -> None:
    """Refuse a model's folder whose code can't run here; `reference` names it in messages.

    Raises:
        RepositoryError: it is written in R or SQL, or uses functions that need a Teradata database.
    """
    files = {f"{entry.name}/" if entry.is_dir() else entry.name: b"" for entry in folder.iterdir()}
    for file in [folder / ABOUT, *sorted((folder / CODE).rglob("*"))]:
        if file.is_file() and file.stat().st_size <= MAX_BYTES:  # other kinds of files are refused when they are read
            name = file.relative_to(folder).as_posix()
            files[name] = file.read_bytes() if needs_contents(name) else b""
    error = unsupported_reason(files, reference)
    if error is not None:
        raise error


def needs_contents(name: str) -> bool:
    """Whether `unsupported_reason` needs the contents of the model's file of this name."""
    return name == ABOUT or (name.startswith(CODE) and name.endswith(".py"))


def unsupported_reason(files: Mapping[str, bytes], reference: str) -> RepositoryError | None:
    """Why the model of these files can't run here; None if there is no such reason.

    Args:
        files: path in the model's folder → contents; the contents are needed only if `needs_contents`. Files at
            the top of the folder are importable, and take precedence over packages of the same name.
        reference: what messages call the model.
    """
    language, file = _language(files)
    if language is not None:
        return RepositoryError(
            f"this model is written in {language}, and jobs run models in Python",
            where=f"{reference}/{file}",
            expected=_EXPECTED[language],
        )
    uses = sorted(_uses(files))
    if not uses:
        return None
    names = list(dict.fromkeys(map(str, uses)))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return RepositoryError(
        f"this model works in a Teradata database, which jobs don't have: it uses {', '.join(names[:SHOWN])}{more}",
        where=f"{reference}/{uses[0].file}:{uses[0].line}",
        expected=_EXPECTED_IN_DATABASE,
    )


def _language(files: Mapping[str, bytes]) -> tuple[str | None, str]:
    """The language if it isn't Python, and the file that says so."""
    try:
        declared = _LANGUAGES.get(str(json.loads(files.get(ABOUT, b""))["language"]).casefold())
    except (ValueError, LookupError, TypeError, RecursionError):
        declared = None
    if declared is not None:
        return declared, ABOUT
    if f"{CODE}training.py" not in files:
        for name in sorted(files):
            if name.startswith(f"{CODE}training."):
                return _LANGUAGES.get(name.rpartition(".")[2].casefold()), name
    return None, ""


def _uses(files: Mapping[str, bytes]) -> Iterator[_Use]:
    own = {name.partition("/")[0].removesuffix(".py") for name in files}
    for file, source in files.items():
        if file.endswith(".py") and needs_contents(file) and any(token in source for token in _TOKENS):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # warnings about the user's strings are not reported here
                    tree = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # refused elsewhere
            for line, module, name in _without_stand_in(tree):
                if module.partition(".")[0] not in own:
                    yield _Use(file=file, line=line, module=module, name=name)


def _without_stand_in(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of what is imported from these packages, or read as an attribute, and has no stand-in."""
    modules: dict[str, str] = {}
    for node, optional in _nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and not optional:
            yield from _imported(node, modules)
    for node in ast.walk(tree):
        for name in _bound(node):
            modules.pop(name, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (module := _module(node.value, modules)) is not None:
            private = node.attr.startswith("_")
            if not private and f"{module}.{node.attr}" not in MODULES and node.attr not in MODULES[module]:
                yield node.lineno, module, node.attr


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, each with whether imports below it are optional."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, optional = waiting.pop()
        yield node, optional
        left_out: set[ast.AST] = set()
        if isinstance(node, ast.Try) and any(_catches_import(handler.type) for handler in node.handlers):
            left_out = {*node.body, *node.handlers, *node.orelse}
        elif isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            left_out = {*node.body}
        waiting += [(child, optional or child in left_out) for child in ast.iter_child_nodes(node)]


def _catches_import(caught: ast.expr | None) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(kind is None or _last_name(kind) in _CAUGHT for kind in kinds)


def _last_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds to something other than a module with a stand-in."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Import(names=aliases):
            for alias in aliases:
                outermost = alias.name.partition(".")[0]
                if outermost not in STAND_INS:
                    yield alias.asname or outermost
        case ast.ImportFrom(names=aliases, module=module, level=level):
            for alias in aliases:
                if level or f"{module}.{alias.name}" not in MODULES:
                    yield alias.asname or alias.name


def _imported(node: ast.Import | ast.ImportFrom, modules: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """The imported names without a stand-in; names of modules are added to `modules`."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            outermost = alias.name.partition(".")[0]
            if not _has_stand_in(alias.name):
                yield node.lineno, alias.name, ""
            elif outermost in STAND_INS:
                modules[alias.asname or outermost] = alias.name if alias.asname else outermost
        elif node.level == 0 and node.module is not None:
            if f"{node.module}.{alias.name}" in MODULES:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif not _has_stand_in(node.module, alias.name):
                yield node.lineno, node.module, alias.name


def _has_stand_in(module: str, name: str = "*") -> bool:
    """Whether a name may be imported: it has a stand-in, or is of another package."""
    package = module.partition(".")[0]
    if package in STAND_INS:
        return module in MODULES and (name == "*" or name in MODULES[module])
    return package not in IN_DATABASE


def _module(node: ast.expr, modules: Mapping[str, str]) -> str | None:
    """The module with a stand-in that an expression such as `aoa.util` refers to; None: no such module."""
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute):
        outer = _module(node.value, modules)
        if outer is not None and f"{outer}.{node.attr}" in MODULES:
            return f"{outer}.{node.attr}"
    return None
