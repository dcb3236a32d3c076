"""The audit as a page of its own: what `weft audit` leaves for a merchandiser."""

from pathlib import Path

from weft import tables
from weft.report.album import Album
from weft.report.findings import read_findings
from weft.report.page import page_environment, page_style

PAGE = "index.html"


def write_audit_page(audit: Path) -> Path:
    """Write index.html beside the findings of `audit`: one file, with pictures, without scripts or requests.

    Returns:
        Its path.

    Raises:
        ContractError: The findings are missing or broken.
    """
    album = Album()
    found = read_findings(audit, album)
    page = page_environment().get_template("audit.html").render(style=page_style(), found=found, album=album)
    tables.write_text(audit / PAGE, page)
    return audit / PAGE
