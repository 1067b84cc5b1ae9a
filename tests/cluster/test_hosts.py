"""What a host sees of the others and of the machine: nothing but its own and what the file shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.running import Running


def test_a_host_sees_its_own_files_and_processes_alone(running: Running) -> None:
    code, said = running.run("w1", "sh", "-c", "hostname; id -u; ls -m /opt/modelops")
    assert (code, said.splitlines()[:2]) == (0, ["w1", "1000"])
    assert "dags, include, plugins" in said
    assert "tests" not in said
    assert running.run("w1", "ls", str(running.cluster.state))[0] != 0
    assert running.run("w1", "touch", "/opt/modelops/dags/mine")[0] != 0
    mine = "touch /var/lib/modelops/mine"
    assert running.run("w1", "sh", "-c", mine)[0] == 0
    assert running.run("w2", "ls", "/var/lib/modelops/mine")[0] != 0
    # The brackets keep the command from finding itself.
    seen = running.run("w1", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]cheduler'")
    assert seen[1].strip() == "0"


def test_a_host_reaches_the_others_and_nothing_outside(running: Running) -> None:
    assert running.run("w1", "getent", "hosts", "broker")[1].split()[1] == "broker"
    routes = running.run("w1", "ip", "route")[1].splitlines()
    assert [route.split()[0] for route in routes] == ["10.77.7.0/24"]


def test_every_setting_of_airflow_is_one_that_it_has(running: Running) -> None:
    asked = """
import os
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager
ProvidersManager().initialize_providers_configuration()
known = {
    f"AIRFLOW__{section}__{option}".upper().replace(".", "_").replace("-", "_")
    for section, described in conf.configuration_description.items()
    for option in described["options"]
}
print("unknown:", *sorted({name for name in os.environ if name.startswith("AIRFLOW__")} - known))
"""
    for host in ("api-server", "w1"):
        code, said = running.run(host, "python", "-c", asked)
        assert code == 0, said
        # Airflow reads it all the same: tests/unit/runner/test_docker_compose.py.
        assert said.splitlines()[-1] == "unknown: AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES"
