# Serves a finished project without a GPU; compose.yaml mounts its data, models and reports.
#
#     docker build -t weft .
#     docker compose up

FROM python:3.11-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/weft
ENV PATH=/opt/weft/bin:$PATH
COPY constraints.txt ./
# The CPU build of PyTorch: the default one brings 4.6 GB of CUDA libraries.
RUN pip install --no-cache-dir -c constraints.txt --index-url https://download.pytorch.org/whl/cpu torch torchvision
COPY pyproject.toml README.md LICENSE ./
COPY crawler crawler
COPY shops shops
COPY src src
RUN pip install --no-cache-dir -c constraints.txt '.[pipeline,serve]'

FROM python:3.11-slim-bookworm
COPY --from=build /opt/weft /opt/weft
ENV PATH=/opt/weft/bin:$PATH \
    OMP_WAIT_POLICY=passive \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin weft
USER 1000:1000
WORKDIR /srv/weft
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# In its network the container is another machine, so it needs a token.
ENTRYPOINT ["weft", "serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/weft_token"]
