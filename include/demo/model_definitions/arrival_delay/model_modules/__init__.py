"""Arrival delay: what is run to train, evaluate and score the model."""

import os

# Read when scikit-learn is loaded. By default its threads wait for each other by spinning: on a machine that has other
# work to do, boosting then takes up to five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
