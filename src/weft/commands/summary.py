"""`weft summary`: the results of the pipeline, its report, and the MLflow page that compares runs."""

from pathlib import Path

from weft import tracking
from weft.errors import InputError

UI_URL = "http://127.0.0.1:5000"
"""The address of `make ui`."""


def format_summary(reports: Path) -> str:
    """Return the results table, the paths of report and audit, and the URL of the MLflow page that compares runs.

    Raises:
        InputError: There are no results in `reports`.
    """
    results, page = reports / "summary" / "results.md", reports / "summary" / "index.html"
    if not results.is_file():
        raise InputError(
            f"{results}: no such file; run `make repro` in a checkout of weft, or name its reports with --reports"
        )
    lines = [results.read_text(encoding="utf-8").rstrip(), "", f"Report:        {page}"]
    audit = reports / "audit" / "index.html"
    if audit.is_file():
        lines.append(f"Audit:         {audit}")
    link = tracking.get_comparison_url(UI_URL)
    if link:
        lines.append(f"Compare runs:  {link}   (after `make ui`)")
    return "\n".join(lines)
