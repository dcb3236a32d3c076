# Serves a finished project without a GPU and without PyTorch; compose.yaml mounts its data, models and reports.
# Before the first start: weft export onnx
FROM python:3.11-slim-bookworm
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY crawler crawler
COPY shops shops
COPY src src
RUN pip install --no-cache-dir -c constraints.txt '.[serve]' \
    && useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin weft
ENV PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
WORKDIR /srv/weft
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# In its network the container is another machine, so it needs a token.
ENTRYPOINT ["weft", "serve", "--runtime", "onnx", "--host", "0.0.0.0", "--token-file", "/run/secrets/weft_token"]
