"""Models: training, evaluation, deployment and batch prediction with a model's own code."""
