# Two stages: the first builds, so that the second holds neither compiler nor pip cache.
FROM python:3.12-slim AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
# Versions and hashes are pinned: `make lock` renews the files.
COPY image image
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r image/build.lock \
    && python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r image/requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY adapter adapter
COPY control_plane control_plane
# The Check path is compiled: docs/adr/0010-compiled-check-path.md.
RUN POLICY_ADAPTER_COMPILE=1 /opt/build/bin/python -m hatchling build --target wheel \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl \
    && python image/sbom.py image/requirements.lock > /opt/venv/sbom.cdx.json

FROM python:3.12-slim
# The id is numeric so that Kubernetes can check runAsNonRoot.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin adapter \
    && install -d -o adapter -g adapter /run/policy-adapter /var/lib/policy-adapter
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 9001 9102
# Metrics and probes listen on loopback unless told otherwise: a pod's probes come from outside.
# Mount a volume at the state directory to keep its files when the container is replaced.
ENV POLICY_ADAPTER_STATE_DIRECTORY=/var/lib/policy-adapter \
    POLICY_ADAPTER_LISTENER__ADDRESS=0.0.0.0:9001 \
    POLICY_ADAPTER_OBSERVABILITY__METRICS_ADDRESS=0.0.0.0:9102
STOPSIGNAL SIGTERM
ENTRYPOINT ["policy-adapter"]
CMD ["serve", "--config", "/etc/policy-adapter/adapter.yaml"]
