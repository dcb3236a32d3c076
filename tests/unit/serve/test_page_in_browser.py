"""The page in Chromium, against a server on loopback: drop a photo, other views, more like this, remove the photo."""

import html
import json
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
import uvicorn

from weft.serve.app import create_app
from weft.serve.settings import ServerSettings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)"),
    pytest.mark.slow,
]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--enable-logging=stderr", "--window-size=390,900", "--dump-dom",
)  # fmt: skip

PROBE = """{
const seen = {};
const results = document.getElementById("results");
const isIdle = () => !results.hasAttribute("aria-busy");
const titles = () => [...results.querySelectorAll("h3")].map(title => title.textContent);
async function searched() {
  for (let n = 0; n < 400 && !isIdle(); n++) await new Promise(resolve => setTimeout(resolve, 50));
}
addEventListener("load", async () => {
  const photo = await (await fetch("/photos/shop1/3%230")).blob();
  const data = new DataTransfer();
  data.items.add(new File([photo], "photo.jpg", {type: "image/jpeg"}));
  document.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
  await searched();
  seen.dropped = titles();
  seen.preview = document.getElementById("preview").src.startsWith("blob:");
  seen.tags = results.querySelectorAll(".tags li").length;
  const first = results.querySelector(".products li");
  first.querySelectorAll(".view")[1].focus();
  first.querySelectorAll(".view")[1].dispatchEvent(new FocusEvent("focusin", {bubbles: true}));
  seen.view = first.querySelector(".best").getAttribute("src") === first.querySelectorAll(".view")[1].dataset.photo;
  results.querySelectorAll("a.like")[1].click();
  await searched();
  seen.more = titles();
  document.querySelector("[name=colour]").value = "red";
  document.getElementById("search").requestSubmit();
  await searched();
  seen.filtered = titles();
  document.getElementById("remove-photo").click();
  await searched();
  seen.removed = results.querySelector("[role=alert]")?.textContent ?? results.textContent.trim();
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  seen.hosts = [...new Set(performance.getEntriesByType("resource").map(entry => new URL(entry.name, location).host))];
  document.body.dataset.seen = JSON.stringify(seen);
});
}"""


@pytest.fixture
def server_url(catalogue):
    """The URL of a server whose page also loads the probe, which the page's policy allows from this server only."""
    app = create_app(catalogue, ServerSettings())

    async def app_with_probe(scope, receive, send):
        is_page = scope["path"] == "/" and scope["method"] == "GET"

        async def send_with_probe(message):
            if message["type"] == "http.response.start" and is_page:
                message["headers"] = [item for item in message["headers"] if item[0] != b"content-length"]
            elif message["type"] == "http.response.body" and is_page:
                probe = b'<script src="/static/probe.js" defer></script></head>'
                message["body"] = message["body"].replace(b"</head>", probe)
            await send(message)

        if scope["path"] == "/static/probe.js":
            headers = [(b"content-type", b"text/javascript")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": PROBE.encode()})
        else:
            await app(scope, receive, send_with_probe)

    server = uvicorn.Server(uvicorn.Config(app_with_probe, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


def test_people_drop_a_photo_look_at_views_and_search_for_more_like_a_product(server_url, tmp_path):
    profile = (f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=30000")
    completed = subprocess.run(
        [CHROMIUM, *OPTIONS, *profile, server_url], capture_output=True, text=True, timeout=300, check=True
    )
    found = re.search(r'data-seen="([^"]*)"', completed.stdout)
    assert found, completed.stderr[-3000:]
    seen = json.loads(html.unescape(found[1]))
    assert len(seen["dropped"]) == len(seen["more"]) == 4
    assert seen["dropped"][0].startswith("黒いネクタイ")
    assert seen["preview"]
    assert seen["tags"] > 3
    assert seen["view"]
    assert seen["more"][0] == seen["dropped"][1]
    assert seen["filtered"] == ["Red dress"]
    assert "Choose a photo, type words, or both" in seen["removed"]
    assert seen["overflow"] <= 0
    assert seen["hosts"] == [server_url.split("/")[2]]
    assert [line for line in completed.stderr.splitlines() if "CONSOLE" in line] == []
