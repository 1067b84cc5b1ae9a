"""`python -m modelops.runner.fetching` fetches the git repositories of the installation; what fails is on stderr."""

from modelops.repository.catalogue import refresh
from modelops.settings import Settings

if __name__ == "__main__":
    refresh(Settings.from_environment())
