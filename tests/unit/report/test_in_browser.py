import html
import json
import re
import shutil
import subprocess

import pytest

from weft.report.build import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)"),
]
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
)  # fmt: skip

# Decodes every photo, then reports to the surrounding page what is visible and what was fetched.
PROBE = """<script>
addEventListener("load", async () => {
  document.querySelectorAll("details").forEach(part => part.open = true);
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
addEventListener("message", m => {
  if (all.push(m.data) === 2) document.body.dataset.seen = JSON.stringify(all);
});
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
    for heading in ("Search", "Tags", "Doubtful texts", "Catalogue", "Words", "Training", "All tables", "Versions"):
        assert re.search(rf"<h2>{heading}</h2>", dom)
    assert 'class="sort"' in dom, "the page's own script did not run under its policy"


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


USE = """<script>
addEventListener("load", () => {
  const did = {};
  const zoom = document.querySelector(".ranked .hits button.zoom");
  zoom.focus();
  zoom.click();
  const dialog = document.getElementById("enlarged");
  did.open = dialog.open && dialog.querySelector(".picture svg use") !== null;
  did.caption = dialog.querySelector(".caption").textContent;
  did.link = dialog.querySelector(".caption a").href;
  dialog.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  did.next = dialog.querySelector(".caption").textContent;
  dialog.querySelector(".close").click();
  did.closed = !dialog.open;
  const table = document.querySelector("[aria-label='Table: catalogue, Retrieval by colour'] table");
  const sort = column => {
    table.tHead.rows[0].cells[column].querySelector("button").click();
    return [...table.tBodies[0].rows].map(row => row.cells[0].textContent);
  };
  did.most = sort(1);
  did.fewest = sort(1);
  did.names = sort(0);
  document.body.dataset.seen = JSON.stringify(did);
});
</script>"""


def test_photos_enlarge_and_tables_sort_without_a_server(filled, tmp_path, make_slice):
    slices = []
    for number, colour in enumerate(("red", "blue", "green")):
        for model, value in (("frozen backbone", 0.5), ("finetuned", 0.6)):
            slices.append(make_slice(colour, model, value, None) | {"n": (900, 1200, 30)[number]})
    filled.add(slices=slices)
    page = build_page(filled).read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</body>", USE + "</body>")
    (tmp_path / "used.html").write_text(text, encoding="utf-8")
    dom, console = run_chromium(tmp_path, "--dump-dom", f"file://{tmp_path}/used.html")
    found = re.search(r'data-seen="([^"]*)"', dom)
    assert found, console
    did = json.loads(html.unescape(found[1]))
    assert did["open"]
    assert did["closed"]
    assert did["caption"].startswith("Nearest 1, rightRed shirt")
    assert did["next"].startswith("Nearest 2, not rightBlue shirt")
    assert did["link"] == "http://alder.example/p"
    assert did["most"] == ["blue", "red", "green"]
    assert did["fewest"] == ["green", "red", "blue"]
    assert did["names"] == ["blue", "green", "red"]
