"""Extensions of Airflow's web server: the jobs API, the middleware, and the registration of the view."""
