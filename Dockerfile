# The image of all ModelOps services in docker-compose.yaml: docs/how-to/run-on-several-machines.md.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
# The package index, if it isn't PyPI.
ARG UV_DEFAULT_INDEX
ENV UV_SYSTEM_CERTS=true
COPY requirements-cluster.txt /tmp/
# uv in the version and with the hashes of the lock; it installs the rest, and models' packages later.
RUN python -m venv /opt/modelops/.venv \
 && sed -n '/^uv==/,/[^\\]$/p' /tmp/requirements-cluster.txt > /tmp/uv.txt \
 && /opt/modelops/.venv/bin/pip install ${UV_DEFAULT_INDEX:+--index-url "$UV_DEFAULT_INDEX"} --no-cache-dir --no-deps \
      --only-binary=:all: --require-hashes -r /tmp/uv.txt \
 && /opt/modelops/.venv/bin/uv pip sync --no-cache --require-hashes --compile-bytecode \
      --python /opt/modelops/.venv/bin/python /tmp/requirements-cluster.txt

FROM ${BASE}
# apt asks the proxy that the variable in small letters names.
RUN export http_proxy="$HTTP_PROXY" https_proxy="$HTTPS_PROXY" \
 && apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --user-group --create-home modelops \
 && install --directory --owner=modelops --group=modelops --mode=750 /var/lib/modelops \
      /var/lib/modelops/artifacts /var/lib/modelops/deployment_dags /var/lib/modelops/environments \
      /var/lib/modelops/logs /var/lib/modelops/repositories
ENV PATH=/opt/modelops/.venv/bin:$PATH \
    PYTHONPATH=/opt/modelops/include \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/var/lib/modelops/airflow \
    MODELOPS_HOME=/var/lib/modelops \
    UV_LINK_MODE=copy \
    UV_SYSTEM_CERTS=true
COPY --from=packages /opt/modelops/.venv /opt/modelops/.venv
COPY . /opt/modelops
RUN python -m compileall -q /opt/modelops/dags /opt/modelops/include /opt/modelops/plugins
WORKDIR /var/lib/modelops
USER modelops
