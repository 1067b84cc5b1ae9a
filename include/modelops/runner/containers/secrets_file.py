"""Writes .env, the secrets and settings of docker-compose.yaml, from .env.example."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.layout import new_fernet_key

if TYPE_CHECKING:
    from pathlib import Path

SECRET = re.compile(r"^(\w+)=$", re.MULTILINE)
"""A variable of .env.example that has no value."""
SET = re.compile(r"^(?:export +)?(\w+)=.", re.MULTILINE)


def write_env(folder: Path) -> Path:
    """Write `.env` into a folder that has a `.env.example`, with a generated value for each secret.

    It is readable by its owner only.

    Raises:
        BadInput: there is an `.env`, which is left as it is.
        Unavailable: the folder can't be written, or has no `.env.example`.
    """
    file = folder / ".env"
    try:
        example = (folder / ".env.example").read_text(encoding="utf-8")
        text = SECRET.sub(lambda found: f"{found[1]}={_generated(found[1])}", example)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise BadInput(
            _already_there(file, example),
            where=str(file),
            expected="another folder, or no such file: it is never overwritten",
        ) from None
    except OSError as error:
        raise Unavailable(f"{file} can't be written: {error}") from error
    return file


def _already_there(file: Path, example: str) -> str:
    said = "the file is there already, and is left as it is"
    try:
        known = set(SET.findall(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return said
    missing = [name for name in SECRET.findall(example) if name not in known]
    return f"{said}; it lacks {', '.join(missing)}" if missing else said


def _generated(name: str) -> str:
    # Letters, digits, - and _ alone: the values become parts of addresses.
    return new_fernet_key() if name.endswith("FERNET_KEY") else secrets.token_urlsafe(32)
