"""`weft audit`: products whose photos and texts disagree, as CSV and as a page with pictures."""

from pathlib import Path

from weft import params
from weft.contracts import files
from weft.errors import InputError
from weft.report.html import write_audit_page
from weft.retrieval.search import find_nearest_neighbours
from weft.tagging.audit import Sources, audit
from weft.tagging.mismatches import CONTRADICTED, MISSING


def audit_catalogue(sources: Sources, neighbours: int, examples: int, out: Path) -> str:
    """Audit and tell in a few lines what came of it.

    Args:
        sources: Crawl, prepared photos, their embeddings, the model and its thresholds.
        neighbours: Most similar photos of other products that are asked.
        examples: Findings of each kind with pictures.
        out: A folder; an earlier audit there is replaced, anything else is not.

    Raises:
        ContractError: An input is missing or broken.
        InputError: `out` holds other things.
        ModelError: Embeddings or thresholds are of another model.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / files.FINDINGS).is_file())):
        raise InputError(f"{out}: holds other things than an audit; name another folder to write")
    totals = audit(sources, params.Audit(neighbours, examples), find_nearest_neighbours, out)
    page = write_audit_page(out)
    return "\n".join(
        [
            f"{totals['products']:,.0f} products: {totals[CONTRADICTED]:,.0f} whose text the photos contradict, "
            f"{totals[MISSING]:,.0f} words shown and not said",
            f"List:  {out / files.FINDINGS_CSV}",
            f"Page:  {page}",
        ]
    )
