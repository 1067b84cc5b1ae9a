"""What the services of docker-compose.yaml need besides Airflow: the init job, health checks and generated secrets."""
