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
"""A variable without a value in .env.example."""
SET = re.compile(r"^(?:export +)?(\w+)=.", re.MULTILINE)


def write_env(folder: Path) -> Path:
    """Write `.env` into a folder that has a `.env.example`, with a generated value for each secret.

    Only its owner can read it.

    Raises:
        BadInput: the folder has an `.env`, which is not changed.
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
            expected="another folder, or no such file: an existing .env is never overwritten",
        ) from None
    except OSError as error:
        raise Unavailable(f"{file} can't be written: {error}") from error
    return file


def _already_there(file: Path, example: str) -> str:
    message = "the file already exists and was not changed"
    try:
        known = set(SET.findall(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return message
    missing = [name for name in SECRET.findall(example) if name not in known]
    return f"{message}; it lacks {', '.join(missing)}" if missing else message


def _generated(name: str) -> str:
    # Only letters, digits, - and _, because the values become parts of URLs.
    return new_fernet_key() if name.endswith("FERNET_KEY") else secrets.token_urlsafe(32)
