"""What operators, DAG files and the web page need of Airflow: connections, timetables, forms, notifiers."""
