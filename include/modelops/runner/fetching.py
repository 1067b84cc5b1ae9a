"""Fetches the git repositories of the installation, and prints failures to stderr."""

from modelops.repository.catalogue import refresh
from modelops.settings import Settings

if __name__ == "__main__":
    refresh(Settings.from_environment())
