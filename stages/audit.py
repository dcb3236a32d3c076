"""Stage audit: find products whose photos show a word that the text lacks, or contradict a word of the text."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, required=True, help="products.parquet of the crawl")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet of documents")
    parser.add_argument("--photos", type=Path, required=True, help="the prepared photos: the output of prepare")
    parser.add_argument("--embeddings", type=Path, required=True, help="the output of embed for the catalogue")
    parser.add_argument("--model", type=Path, required=True, help="the output of finetune")
    parser.add_argument("--calibration", type=Path, required=True, help="the output of calibrate")
    parser.add_argument("--verdicts", type=Path, required=True, help="the verdicts of people, verdicts.tsv")
    parser.add_argument("--out", type=Path, required=True)
    args = vars(parser.parse_args())
    runtime.configure_threads()

    from weft.contracts import files
    from weft.demo.ground_truth import list_product_truths
    from weft.progress import log_line
    from weft.report.html import write_audit_page
    from weft.retrieval.search import find_nearest_neighbours
    from weft.tagging.audit import AuditInputs, audit
    from weft.tagging.fault_detection import format_detection
    from weft.tagging.verdicts import read_verdicts
    from weft.text.tokenize import tokenize

    settings = params.load_params(Path("params.yaml"))
    truths = list_product_truths(settings.crawl, tokenize)
    out, verdicts = args.pop("out"), args.pop("verdicts")
    with tracking.start_stage_run("audit", settings.audit, [*args.values(), verdicts]) as run:
        inputs = AuditInputs(**args)
        counts = audit(inputs, settings.audit, find_nearest_neighbours, out, truths, read_verdicts(verdicts))
        run.log_metrics(counts)
        if truths:
            log_line(format_detection(out))
        write_audit_page(out, args["products"])
        run.log_artifact(out / files.MISMATCHES_CSV)
        run.log_table(out / files.MISMATCHES)
        run.log_artifact(out / files.CONTACT_SHEET)
        progress.log_outcome("audit", out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
