"""`weft audit`: products whose photos and texts disagree, as CSV and as a page with pictures."""

from pathlib import Path

from weft import params
from weft.contracts import files
from weft.contracts.tagging import CONTRADICTED, MISSING
from weft.errors import InputError
from weft.report.html import write_audit_page
from weft.retrieval.search import find_nearest_neighbours
from weft.tagging.audit import AuditInputs, audit
from weft.tagging.verdicts import NO_VERDICTS, read_verdicts


def audit_catalogue(inputs: AuditInputs, neighbours: int, num_examples: int, out: Path, verdicts: Path | None) -> str:
    """Audit the catalogue, write the results and return a summary of a few lines.

    Args:
        inputs: Paths of the crawl, the documents, the prepared photos, their embeddings, the model and its thresholds.
        neighbours: The number of most similar photos of other products to compare with.
        num_examples: The number of mismatches per kind that the page shows with photos.
        out: The folder to write; an earlier audit in it is replaced.
        verdicts: verdicts.tsv, if people judged cases, which are then left out.

    Raises:
        ContractError: An input is missing or invalid.
        InputError: `out` holds other files than an audit.
        ModelError: The embeddings or the thresholds belong to another model.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / files.MISMATCHES).is_file())):
        raise InputError(f"{out}: expected an empty folder or an earlier audit, got other files; choose another folder")
    known = NO_VERDICTS if verdicts is None else read_verdicts(verdicts)
    settings = params.Audit(neighbours, num_examples)
    totals = audit(inputs, settings, find_nearest_neighbours, out, verdicts=known)
    page = write_audit_page(out, inputs.products)
    return "\n".join(
        [
            f"{totals['products']:,.0f} products: {totals[CONTRADICTED]:,.0f} whose text the photos contradict, "
            f"{totals[MISSING]:,.0f} words that photos show and texts lack",
            *([f"left out, because people judged them: {totals['judged']:,.0f}"] if known else []),
            f"List:  {out / files.MISMATCHES_CSV}",
            f"Page:  {page}",
        ]
    )
