# The hotline and the reference hub (same image, other command). Build context: the checkout.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends espeak-ng libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 hotline \
 && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin hotline \
 && install -d -o hotline -g hotline /var/lib/hotline /var/lib/hotline/pbx /var/cache/hotline

WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps --use-pep517 -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY hotline hotline
COPY asr asr
COPY dispatch dispatch
COPY ivr ivr
COPY agent_ui agent_ui
COPY seat_planner seat_planner
RUN pip install --no-deps --no-build-isolation --editable .

USER 10001:10001
VOLUME ["/var/lib/hotline", "/var/cache/hotline"]
EXPOSE 8123
STOPSIGNAL SIGTERM
CMD ["hotline", "up", "--no-pbx"]
