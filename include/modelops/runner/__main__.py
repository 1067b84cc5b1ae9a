"""`python -m modelops.runner` is `./modelops`, in an environment that stands."""

from modelops.runner.cli import main

raise SystemExit(main())
