# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS frontend
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY frontend ./frontend
RUN npm run --silent build

FROM python:3.11-slim-bookworm AS app
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv \
    && pip install --no-cache-dir --require-hashes -r requirements/base.txt \
    && useradd --system --uid 10001 --no-create-home seven \
    && install -d -o 10001 -g 10001 -m 700 /media
COPY . .
COPY --from=frontend /src/static/dist static/dist
RUN pybabel -q compile -D django -d locale
# The settings want these to be named; collectstatic uses none of them, and none of them stays.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    SITE_URL=https://build.invalid DATABASE_URL=postgresql:///none REDIS_URL=redis://none \
    python manage.py collectstatic --noinput
# The application writes to /media only, so it owns nothing else.
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# The web processes of one container count their requests together.
ENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
# No access log: addresses hold what people search for. The proxy in front may keep one.
CMD ["gunicorn", "salesprocess.wsgi", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
