"""The init job, the health checks and the generated secrets of docker-compose.yaml."""
