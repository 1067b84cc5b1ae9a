"""Stand-ins for official images: Debian's packages under the tags that Dockerfile and docker-compose.yaml name.

`python -m engine.images FILE` makes the root file system of all of them, which takes the longest.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from modelops.domain.errors import Unavailable
from modelops.runner.hosts.images import POSTGRES_ENTRYPOINT
from modelops.runner.postgres import binaries
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from engine.engine import Engine

BASE = "MODELOPS_ENGINE_BASE"
"""Names the root file system, if it has been made before."""
PACKAGES = ("ca-certificates", "python3-venv", "redis-server")
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
"""As in the slim images; Python and certificates have nothing there that a program reads."""
PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
POSTGRES = """
FROM {base}
COPY lib /opt/postgres
COPY {entrypoint} /opt/
RUN useradd --uid 999 postgres && install --directory --owner=postgres --mode=700 /var/lib/postgresql
ENV PATH=/opt/postgres/{programs}:$PATH PGDATA=/var/lib/postgresql/18/docker
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["python3", "-IS", "/opt/{entrypoint}"]
CMD ["postgres"]
"""


def named() -> tuple[str, str, str]:
    """The tags of Python, PostgreSQL and Redis that the project's files name."""
    [python] = re.findall(r"^ARG BASE=(\S+)$", (PROJECT_ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    services = yaml.safe_load((PROJECT_ROOT / "docker-compose.yaml").read_text("utf-8"))["services"]
    return python, services["data"]["image"], services["broker"]["image"]


def make_root(file: Path) -> None:
    """Make a tar file with Debian of the suite that the Python image's tag names, with what all stand-ins need.

    It trusts the certificates that this machine trusts: what answers for a package index here may have one of its own.

    Raises:
        Unavailable: Debian's packages can't be had.
    """
    suite = named()[0].rpartition("-")[2]
    hooks = ['ln -s python3 "$1/usr/bin/python"', 'install -d -o "$(stat -c %u "$1/var/lib/redis")" "$1/data"']
    trusted = ssl.get_default_verify_paths().cafile
    if trusted is not None:
        hooks.append(f"upload {Path(trusted).resolve()} /etc/ssl/certs/ca-certificates.crt")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.tar")
    options = [f"--include={','.join(PACKAGES)}", *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT)]
    options += [f"--customize-hook={hook}" for hook in hooks]
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", *options, suite, str(part)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"The root file system of the images can't be made; mmdebstrap said:\n{done.stderr[-2000:]}")
    part.rename(file)


def root_in(folder: Path) -> Path:
    """The root file system, made in this folder unless it has been made before.

    Raises:
        Unavailable: Debian's packages can't be had.
    """
    root = Path(os.environ.get(BASE) or folder / "root.tar")
    if not root.exists():
        make_root(root)
    return root


def import_all(engine: Engine, root: Path) -> None:
    """Give the engine an image under each tag that the project doesn't build, unless it has them."""
    python, postgres, redis = named()
    if all(map(engine.has, (python, postgres, redis))):
        return
    engine.docker("import", "--change", PATH, str(root), python)
    engine.docker("import", "--change", PATH, "--change", "WORKDIR /data", str(root), redis)
    programs = binaries()
    package = programs.parents[1]
    context = engine.home / "postgres"
    shutil.rmtree(context, ignore_errors=True)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, context / "lib" / folder.name, symlinks=True)
    shutil.copy(POSTGRES_ENTRYPOINT, context)
    inside = programs.relative_to(package.parent)
    (context / "Dockerfile").write_text(
        POSTGRES.format(base=python, entrypoint=POSTGRES_ENTRYPOINT.name, programs=inside), encoding="utf-8"
    )
    engine.docker("build", "--tag", postgres, str(context))


if __name__ == "__main__":
    make_root(Path(sys.argv[1]))
