"""The pages in Chromium, against a server on loopback: search by photo and words, filter, judge."""

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
  document.querySelector("[name=colour]").value = "";
  results.querySelector("button[name=not_colour]").click();
  await searched();
  seen.withoutRed = titles();
  results.querySelector("input[name=not_colour]").click();
  await searched();
  seen.withRed = titles();
  document.getElementById("remove-photo").click();
  await searched();
  seen.removed = results.querySelector("[role=alert]")?.textContent ?? results.textContent.trim();
  document.querySelector("[name=text]").value = "red dress";
  document.getElementById("search").requestSubmit();
  await searched();
  seen.words = titles();
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  seen.hosts = [...new Set(performance.getEntriesByType("resource").map(entry => new URL(entry.name, location).host))];
  document.body.dataset.seen = JSON.stringify(seen);
});
}"""


AUDIT_PROBE = """
addEventListener("load", async () => {
  const seen = {};
  const card = document.querySelector(".case");
  async function judged(verdict) {
    for (let n = 0; n < 400 && (card.dataset.verdict !== verdict || card.hasAttribute("aria-busy")); n++) {
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
  const press = key => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const [accept, reject] = card.querySelectorAll("button");
  accept.focus();
  press("a");
  await judged("accepted");
  seen.accepted = [accept.getAttribute("aria-pressed"), reject.getAttribute("aria-pressed")];
  seen.status = document.getElementById("status").textContent;
  seen.count = document.querySelector("[data-judged=contradicted]").textContent;
  press("u");
  await judged("");
  seen.undone = document.querySelector("[data-judged=contradicted]").textContent;
  reject.click();
  await judged("rejected");
  seen.rejected = [accept.getAttribute("aria-pressed"), reject.getAttribute("aria-pressed")];
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  seen.hosts = [...new Set(performance.getEntriesByType("resource").map(entry => new URL(entry.name, location).host))];
  document.body.dataset.seen = JSON.stringify(seen);
});"""


@pytest.fixture
def server_url(catalogue, audit):
    """The URL of a server whose pages also load a probe, which the policy allows from this server only."""
    app = create_app(catalogue, ServerSettings(), audit=audit)

    async def app_with_probe(scope, receive, send):
        is_page = scope["path"] in ("/", "/audit") and scope["method"] == "GET"

        async def send_with_probe(message):
            if message["type"] == "http.response.start" and is_page:
                message["headers"] = [item for item in message["headers"] if item[0] != b"content-length"]
            elif message["type"] == "http.response.body" and is_page:
                probe = b'<script src="/static/probe.js?%s" defer></script></head>' % scope["path"].encode()
                message["body"] = message["body"].replace(b"</head>", probe)
            await send(message)

        if scope["path"] == "/static/probe.js":
            headers = [(b"content-type", b"text/javascript")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            probe = AUDIT_PROBE if scope["query_string"] == b"/audit" else PROBE
            await send({"type": "http.response.body", "body": probe.encode()})
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


@pytest.fixture
def open_page(server_url, tmp_path):
    """Opens a page on a phone, and returns what its probe saw; the page used this server only, without an error."""

    def run(path):
        profile = (f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=30000")
        completed = subprocess.run(
            [CHROMIUM, *OPTIONS, *profile, server_url + path], capture_output=True, text=True, timeout=300, check=True
        )
        found = re.search(r'data-seen="([^"]*)"', completed.stdout)
        assert found, completed.stderr[-3000:]
        assert [line for line in completed.stderr.splitlines() if "CONSOLE" in line] == []
        seen = json.loads(html.unescape(found[1]))
        assert seen["hosts"] == [server_url.split("/")[2]]
        assert seen["overflow"] <= 0
        return seen

    return run


def test_people_search_by_photo_and_words_look_at_views_and_filter_colours(open_page):
    seen = open_page("")
    assert len(seen["dropped"]) == len(seen["more"]) == 4
    assert seen["dropped"][0].startswith("黒いネクタイ")
    assert seen["preview"]
    assert seen["tags"] > 3
    assert seen["view"]
    assert seen["more"][0] == seen["dropped"][1]
    assert seen["filtered"] == ["Red dress"]
    assert set(seen["withRed"]) - set(seen["withoutRed"]) == {"Red dress"}
    assert "Choose a photo, type words, or both" in seen["removed"]
    assert len(seen["words"]) == 4


def test_people_accept_undo_and_reject_a_case_by_key_and_button(open_page, audit):
    seen = open_page("audit")
    assert seen["accepted"] == ["true", "false"]
    assert seen["status"] == "The text is wrong. The text says red, the photos show green"
    assert (seen["count"], seen["undone"]) == ("1", "0")
    assert seen["rejected"] == ["false", "true"]
    (verdict,) = audit.store.read().values()
    assert not verdict.is_accepted
