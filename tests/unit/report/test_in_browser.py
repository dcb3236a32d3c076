import html
import json
import re
import shutil
import subprocess

import pytest

from weft.report.build import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
)  # fmt: skip

# Decodes every photo, then reports to the surrounding page what is visible and what was fetched.
PROBE = """<script>
addEventListener("load", async () => {
  const seen = {broken: 0, photos: 0, invisible: 0, curves: document.querySelectorAll("figure > svg").length};
  for (const image of document.querySelectorAll("image")) {
    const copy = new Image();
    copy.src = image.getAttribute("href");
    await copy.decode().then(() => seen.photos++, () => seen.broken++);
  }
  for (const shown of document.querySelectorAll("svg.photo"))
    if (shown.querySelector("use").getBBox().width < 1 || shown.clientWidth < 20) seen.invisible++;
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  seen.fetched = performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("data:"));
  parent.postMessage(seen, "*");
});
</script>"""
FRAMES = """<iframe src="probed.html" style="width:390px;height:800px"></iframe>
<iframe src="probed.html" style="width:1280px;height:800px"></iframe><script>
const all = [];
addEventListener("message", m => { all.push(m.data); document.body.dataset.seen = JSON.stringify(all); });
</script>"""


def run_chromium(tmp_path, *arguments, budget=8000):
    """Return the output of headless Chromium after `budget` ms of virtual time, and its console messages."""
    profile_options = (f"--user-data-dir={tmp_path / 'profile'}", f"--virtual-time-budget={budget}")
    command = [CHROMIUM, *QUIET, *profile_options, *arguments]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return completed.stdout, [line for line in completed.stderr.splitlines() if "CONSOLE" in line]


def build_page(inputs):
    write_report(["catalogue"], inputs.report_inputs, inputs.folder / "out")
    return inputs.folder / "out" / "index.html"


def measure_page(page, tmp_path):
    """Measure the page at widths of 390 and 1280 pixels, without the policy that would forbid the probe."""
    text, policies = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert policies == 1
    (tmp_path / "probed.html").write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    (tmp_path / "frames.html").write_text(f"<!DOCTYPE html><body>{FRAMES}</body>", encoding="utf-8")
    for budget in (8000, 60_000, 400_000):  # on a busy machine the first budget may be too short
        dom, _ = run_chromium(tmp_path, "--dump-dom", f"file://{tmp_path}/frames.html", budget=budget)
        found = re.search(r'data-seen="([^"]*)"', dom)
        if found:
            break
    assert found, dom[:2000]
    return json.loads(html.unescape(found[1]))


def test_the_page_opens_without_console_messages_and_shows_its_headings(filled, tmp_path):
    dom, console = run_chromium(tmp_path, "--dump-dom", f"file://{build_page(filled)}")
    assert console == []
    for heading in (
        "Results",
        "Summary",
        "Crawl statistics per shop",
        "Words",
        "Map of the words",
        "Training",
        "Audit",
    ):
        assert re.search(rf"<h[1-3]>{heading}</h", dom)


def test_all_photos_load_nothing_is_fetched_and_no_width_overflows(filled, tmp_path):
    seen = measure_page(build_page(filled).read_text(encoding="utf-8"), tmp_path)
    assert len(seen) == 2
    for one in seen:
        assert (one["photos"], one["broken"], one["invisible"], one["curves"]) == (3, 0, 0, 4)
        assert one["fetched"] == []
        assert one["overflow"] <= 0


def test_very_long_words_and_many_columns_do_not_widen_the_page(inputs, tmp_path, draw, make_example):
    word = "w" * 300
    rows = [
        make_example("retrieval", word, 0, draw("red"), product_id=word),
        make_example("retrieval", word, 1, draw("blue", (300, 20)), product_id=word, score=0.5, correct=True),
        make_example("tags", word, 0, draw("red"), predicted=[word, "short"], truth=[word], product_id=word),
    ]
    table = {word: {f"recall_at_{k}": 0.5 for k in range(1, 30)}}
    metrics = {"reader": "catalogue", "counts": {word: 1}, "notes": [word], "tables": {word: table}}
    inputs.add(metrics=metrics, examples=rows, nearest={word: [(word, 0.5)]})
    for one in measure_page(build_page(inputs).read_text(encoding="utf-8"), tmp_path):
        assert one["overflow"] <= 0
        assert one["invisible"] == 0


def test_the_probe_detects_requests_broken_photos_and_overflow(filled, tmp_path):
    bad = (
        '<img src="http://127.0.0.1:9/x.png"><div style="width:2000px">x</div><svg><image href="data:,x"/></svg></main>'
    )
    page = build_page(filled).read_text(encoding="utf-8").replace("</main>", bad)
    for one in measure_page(page, tmp_path):
        assert one["fetched"] == ["http://127.0.0.1:9/x.png"]
        assert one["broken"] == 1
        assert one["overflow"] > 0


def test_the_pages_policy_forbids_scripts_and_requests(filled, tmp_path):
    page = build_page(filled)
    bad = '<script>document.body.id = "ran"</script><img src="http://127.0.0.1:9/x.png"></main>'
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", bad), encoding="utf-8")
    dom, console = run_chromium(tmp_path, "--dump-dom", f"file://{page}")
    assert '<body id="ran"' not in dom
    assert len([line for line in console if "Content Security Policy" in line]) == 2
