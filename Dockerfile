# okrsync as a container image: docker build -t okrsync . && docker run --rm okrsync --help
# The configuration and the goals are mounted at /etc/okrsync, a SQLite store at /var/lib/okrsync; secrets come as
# environment variables. Without arguments it runs the schedule of the configuration.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/okrsync
COPY requirements-runtime.lock ./
RUN /opt/okrsync/bin/pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY . .
RUN /opt/okrsync/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim-bookworm
# git reads clones and writes git wikis; the fonts let charts show Chinese.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --uid 10001 okrsync \
    && install -d -o okrsync -g okrsync -m 700 /var/lib/okrsync
COPY --from=build /opt/okrsync /opt/okrsync
ENV PATH=/opt/okrsync/bin:$PATH \
    OKRSYNC_CONFIG=/etc/okrsync/okrsync.yaml \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /etc/okrsync
VOLUME /var/lib/okrsync
HEALTHCHECK --interval=60s --start-period=60s \
    CMD ["okrsync", "schedule", "--probe", "--health-file", "/var/lib/okrsync/health.json"]
ENTRYPOINT ["okrsync"]
CMD ["schedule", "--log-format", "json", "--health-file", "/var/lib/okrsync/health.json"]
