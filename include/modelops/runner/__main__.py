"""`python -m modelops.runner`: the command `./modelops`, when the environment already exists."""

from modelops.runner.cli import main

raise SystemExit(main())
