"""Checks the entry points of user code by parsing it. The code is never imported or run."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError
from modelops.repository.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def require_function(file: Path, shown: str, name: str) -> None:
    """Refuse a file that doesn't define a function `name` which can be called as `name(context)`.

    Raises:
        RepositoryError: the function is missing, or the file isn't Python.
    """
    expected = f"def {name}(context, **kwargs): on the top level of this file"
    found = _last_binding(_parse(file, shown, expected), name)
    if found is None:
        raise RepositoryError(f"there is no function {name}", where=shown, expected=expected)
    if isinstance(found, ast.ClassDef | ast.AsyncFunctionDef):
        kind = "a class" if isinstance(found, ast.ClassDef) else "async"
        raise RepositoryError(f"{name} is {kind}", where=f"{shown}:{found.lineno}", expected=expected)
    if isinstance(found, ast.FunctionDef):
        _require_arguments(found, 1, shown, expected)


def require_method(file: Path, shown: str, class_name: str, name: str) -> None:
    """Refuse a file that doesn't define the class with a method that can be called with one argument.

    Raises:
        RepositoryError: the function is missing, or the file isn't Python.
    """
    expected = f"class {class_name} with def {name}(self, data): on the top level of this file"
    found = _last_binding(_parse(file, shown, expected), class_name)
    if found is None or isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        raise RepositoryError(f"there is no class {class_name}", where=shown, expected=expected)
    if not isinstance(found, ast.ClassDef):
        return  # imported or assigned: more can be found out only by running the code
    method = _last_binding(found, name)
    if isinstance(method, ast.FunctionDef):
        _require_arguments(method, 2, shown, expected)
    elif isinstance(method, ast.AsyncFunctionDef):
        raise RepositoryError(f"{name} is async", where=f"{shown}:{method.lineno}", expected=expected)
    elif method is None and not found.bases:
        raise RepositoryError(
            f"class {class_name} has no method {name}", where=f"{shown}:{found.lineno}", expected=expected
        )


def binds(file: Path, shown: str, name: str) -> bool:
    """Whether the file is Python that defines a function or a class of this name on its top level."""
    try:
        found = _last_binding(_parse(file, shown, ""), name)
    except RepositoryError:
        return False
    return isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _parse(file: Path, shown: str, expected: str) -> ast.Module:
    source = read_text(file, shown, expected=f"a Python file with {expected.removesuffix(' of this file')}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of the user's string "\d": not reported here
            tree = ast.parse(source)
            compile(tree, shown, "exec", dont_inherit=True)  # finds what the parser accepts, such as a stray return
    except SyntaxError as error:
        raise RepositoryError(
            f"this isn't Python: {error.msg}",
            where=f"{shown}:{error.lineno}" if error.lineno else shown,
            expected="code that Python can compile",
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise RepositoryError(
            f"this isn't Python: {error}", where=shown, expected="code that Python can compile"
        ) from None
    return tree


def _last_binding(scope: ast.Module | ast.ClassDef, name: str) -> ast.AST | None:
    """The last statement that binds the name; an import of * may bind any name."""
    return next((node for bound, node in reversed(list(_bindings(scope))) if bound in {name, "*"}), None)


def _bindings(scope: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The names that are bound directly in the scope, also under if, try and with."""
    for node in ast.iter_child_nodes(scope):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.alias():
                yield node.asname or node.name, node
            case ast.expr():
                for part in ast.walk(node):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        yield part.id, part
            case _:
                yield from _bindings(node)


def _require_arguments(function: ast.FunctionDef, count: int, shown: str, expected: str) -> None:
    """Refuse a function that can't be called with exactly `count` positional arguments."""
    if function.decorator_list:
        return  # a decorator may change the signature
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    where = f"{shown}:{function.lineno}"
    if len(positional) < count and arguments.vararg is None:
        raise RepositoryError(f"{function.name} takes too few arguments", where=where, expected=expected)
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    surplus = [*required[count:], *(one for one, default in keywords if default is None)]
    if surplus:
        raise RepositoryError(
            f"{function.name} also requires {', '.join(one.arg for one in surplus)}",
            where=where,
            expected=f"{expected}; further arguments need a default",
        )
