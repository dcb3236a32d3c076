"""The whole pipeline, from the demo shops to the report, through `dvc repro` as a user runs it."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from weft.training_summary import read_training_summary

pytestmark = pytest.mark.slow

TEXT_SUFFIXES = {".json", ".tsv", ".csv", ".md", ".html", ".txt"}
TIMESTAMP = re.compile(rb"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d")
EMBEDDED_PICTURE = re.compile(rb"base64,[A-Za-z0-9+/=]+")


def list_stages(checkout):
    return list(checkout.lock)


def read_outs(checkout):
    return {out["path"]: out["md5"] for stage in checkout.lock.values() for out in stage["outs"]}


def read_benchmarks(checkout):
    return yaml.safe_load((checkout.folder / "params.yaml").read_text())["benchmarks"]


def write_one_photo(checkout, folder: Path) -> Path:
    photo = folder / "photo.jpg"
    photo.write_bytes(pq.read_table(checkout.folder / "data/prepared/test", columns=["jpeg"])["jpeg"][0].as_py())
    return photo


def test_repro_runs_every_stage_for_every_benchmark(checkout):
    once = {"crawl", "clean", "vocabulary", "documents", "prepare", "train_head", "finetune"}
    once |= {"calibrate", "audit", "report"}
    each = {f"{stage}@{name}" for stage in ("features", "embed", "evaluate") for name in read_benchmarks(checkout)}
    assert set(list_stages(checkout)) == once | each


def test_repro_prints_no_traceback_warning_or_error(checkout):
    loud = [
        line for line in checkout.first_run.output.splitlines() if re.search(r"Traceback|Warning|warning:|error:", line)
    ]
    assert loud == []


def test_a_second_repro_does_nothing(checkout):
    assert checkout.second_run.status == 0
    assert "Running stage" not in checkout.second_run.output
    assert "Data and pipelines are up to date" in checkout.second_run.output
    assert "Data and pipelines are up to date" in checkout.dvc_status.output


def test_two_runs_of_a_stage_write_equal_bytes(checkout):
    assert checkout.forced_run.output.count("Running stage") == len(list_stages(checkout))
    again = {out["path"]: out["md5"] for stage in checkout.forced_lock.values() for out in stage["outs"]}
    assert {path for path, md5 in read_outs(checkout).items() if again[path] != md5} == set()


def test_the_compared_model_was_trained(checkout):
    """If the best epoch were 0, the untrained model, equal bytes would prove nothing."""
    summary = read_training_summary(checkout.folder / "models/embedder/training.json")
    assert summary.improved
    assert summary.kept_epoch > 0


def test_no_out_holds_the_time_or_the_path_of_its_run(checkout, not_in_an_out):
    found = []
    for file in (file for out in read_outs(checkout) for file in (checkout.folder / out).rglob("*") if file.is_file()):
        text = _read_text(file)
        named = [what for what, value in not_in_an_out.items() if value.encode() in text]
        named += ["a time"] if TIMESTAMP.search(text) else []
        found += [(file.relative_to(checkout.folder).as_posix(), what) for what in named]
    assert found == []


def _read_text(file: Path) -> bytes:
    """Return the text of a file, without matrices and pictures."""
    if file.suffix == ".parquet":
        columns = [field.name for field in pq.read_schema(file) if "binary" not in str(field.type)]
        return "\n".join(map(str, pq.read_table(file, columns=columns).to_pylist())).encode()
    return EMBEDDED_PICTURE.sub(b"", file.read_bytes()) if file.suffix in TEXT_SUFFIXES else b""


def test_git_ignores_all_results_but_the_lock(checkout):
    tracked = checkout.run("git", "status", "--porcelain", "--untracked-files=all").output
    made = [line[3:] for line in tracked.splitlines() if line[3:].startswith(("data/", "models/", "reports/", "var/"))]
    assert made == []


def test_each_stage_is_one_finished_mlflow_run_below_the_run_of_the_pipeline(checkout):
    assert sorted(run["tags"]["stage"] for run in checkout.mlflow_runs) == sorted(["pipeline", *list_stages(checkout)])
    for run in checkout.mlflow_runs:
        assert run["status"] == "FINISHED", run["name"]
        assert run["params"], f"{run['name']} has no params"
        assert run["metrics"], f"{run['name']} has no metrics"
        assert ("mlflow.parentRunId" in run["tags"]) == (run["tags"]["stage"] != "pipeline")


def test_the_run_of_the_pipeline_has_all_params_the_headline_and_the_curves(checkout):
    pipeline = next(run for run in checkout.mlflow_runs if run["tags"]["stage"] == "pipeline")
    headline = yaml.safe_load((checkout.folder / "reports/metrics.json").read_text())
    measured = {name for name, value in headline.items() if value is not None}
    assert measured | {"finetune/val_loss", "train_head/val_loss"} <= set(pipeline["metrics"])
    assert pipeline["params"]["finetune.epochs"] == "2"
    assert not [name for run in checkout.mlflow_runs for name in run["metrics"] if "/frozen backbone" in name]


def test_a_training_run_is_tagged_with_the_md5_of_its_inputs(checkout):
    finetune = next(run for run in checkout.mlflow_runs if run["tags"]["stage"] == "finetune")
    assert finetune["tags"]["input.data/prepared"] == read_outs(checkout)["data/prepared"]


def test_the_registered_model_loads_in_one_line_and_predicts(checkout, tmp_path):
    code = (
        "import sys, mlflow, pandas as pd\n"
        "photo = open(sys.argv[1], 'rb').read()\n"
        "model = mlflow.pyfunc.load_model('models:/weft-embedder@candidate')\n"
        "print(len(model.predict(pd.DataFrame({'photo': [photo]}))['words'][0]))\n"
    )
    answer = checkout.run("python", "-c", code, str(write_one_photo(checkout, tmp_path)))
    assert answer.status == 0, answer.output[-3000:]
    assert re.search(r"^10$", answer.output, re.MULTILINE)


def test_the_report_names_every_benchmark_and_needs_no_other_file(checkout):
    page = (checkout.folder / "reports/summary/index.html").read_text()
    results = (checkout.folder / "reports/summary/results.md").read_text()
    for name in read_benchmarks(checkout):
        assert f"## {name}" in results
        assert name in page
    assert re.findall(r"(?:src|href)=[\"'](?!data:|#|https?:)[^\"']+", page) == []


def test_the_results_compare_the_three_models(checkout):
    metrics = json.loads((checkout.folder / "reports/benchmarks/catalogue/metrics.json").read_text())
    results = (checkout.folder / "reports/summary/results.md").read_text()
    assert metrics
    for row in ("frozen backbone", "head only", "finetuned"):
        assert f"| {row} " in results


def test_summary_prints_results_report_and_the_page_that_compares_runs(checkout):
    answer = checkout.run("weft", "summary")
    assert answer.status == 0, answer.output
    assert "reports/summary/index.html" in answer.output
    assert re.search(r"http://127\.0\.0\.1:\d+/#/experiments/\d+/runs\?workflowType=machine_learning", answer.output)


def test_tag_and_search_work_on_the_result(checkout, tmp_path):
    photo = write_one_photo(checkout, tmp_path)
    tagged = checkout.run("weft", "tag", str(photo), "--top-k", "3")
    assert tagged.status == 0, tagged.output
    line = json.loads(tagged.output.splitlines()[0])
    assert line["photo"] == "photo.jpg"
    assert [set(word) - {"probability"} for word in line["words"]] == [{"word", "score"}] * 3
    found = checkout.run("weft", "search", str(photo), "--top-k", "4")
    assert found.status == 0, found.output
    scores = [json.loads(row)["score"] for row in found.output.splitlines()]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.99


def test_what_dvc_writes_is_ignored_by_git(committed, experiment):
    for command in ("exp show --no-pager", "metrics show", "metrics diff", "plots show", "plots diff HEAD", "exp list"):
        committed.run("dvc", *command.split())
    changed = {line[3:] for line in committed.run("git", "status", "--porcelain").splitlines()}
    assert changed == {"dvc.lock", "params.yaml"}


@pytest.mark.parametrize("command", ["metrics show", "metrics diff --all", "exp show --no-pager --only-changed"])
def test_metrics_fit_a_terminal(committed, experiment, command):
    drop = ["--drop", "Created|.*/"] if command.startswith("exp") else []
    lines = committed.run("dvc", *command.split(), *drop).splitlines()
    assert lines
    assert max(map(len, lines)) <= 100
    assert not any("…" in line for line in lines)


def test_every_curve_of_the_pipeline_is_drawn(committed, experiment):
    committed.run("dvc", "plots", "diff", "HEAD")
    page = (committed.folder / "dvc_plots" / "index.html").read_text()
    for title in ("loss of train_head", "loss of finetune", "recall at k", "calibration curve"):
        assert f'"text": "{title}' in page
    assert page.count('"rev": "HEAD"') > 0


def test_an_experiment_is_kept_as_a_branch_and_undone_in_the_workspace(committed, experiment):
    committed.run("dvc", "exp", "apply", experiment)
    committed.run("dvc", "exp", "branch", experiment, "kept")
    committed.run("git", "checkout", "--quiet", "params.yaml", "dvc.lock")
    committed.run("dvc", "checkout", "--quiet")
    assert committed.run("dvc", "status").strip() == "Data and pipelines are up to date."
    assert "kept" in committed.run("git", "branch")


def assert_pull_needs_no_computation(committed, clone: Path) -> None:
    """Push, clone with git, pull, and compare."""
    committed.run("git", "checkout", "--quiet", "params.yaml", "dvc.lock")
    committed.run("dvc", "checkout", "--quiet")
    assert "pushed" in committed.run("dvc", "push")
    committed.run("git", "commit", "--quiet", "--message", "Remote", ".dvc/config")
    committed.run("git", "clone", "--quiet", str(committed.folder), str(clone))
    assert "fetched" in committed.run("dvc", "pull", cwd=clone)
    assert committed.run("dvc", "status", cwd=clone).strip() == "Data and pipelines are up to date."
    metrics = [json.loads((folder / "reports/metrics.json").read_text()) for folder in (committed.folder, clone)]
    assert metrics[0] == metrics[1]


def test_a_folder_as_remote_is_pulled_without_computing(committed, tmp_path):
    committed.run("dvc", "remote", "add", "--force", "-d", "storage", str(tmp_path / "storage"))
    assert_pull_needs_no_computation(committed, tmp_path / "clone")


def test_an_s3_server_as_remote_is_pulled_without_computing(committed, tmp_path, s3_bucket):
    url, endpoint = s3_bucket
    committed.run("dvc", "remote", "add", "--force", "-d", "storage", url)
    committed.run("dvc", "remote", "modify", "storage", "endpointurl", endpoint)
    assert_pull_needs_no_computation(committed, tmp_path / "clone")
