"""Runs the services of docker-compose.yaml without Docker, each as a host in namespaces of its own."""
