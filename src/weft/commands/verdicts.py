"""`weft verdicts`: the verdicts of the audit page as a file that the stages calibrate and audit read."""

from pathlib import Path

from weft.errors import InputError
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import read_verdicts, write_verdicts


def export_verdicts(store: Path, out: Path) -> str:
    """Write the verdicts of a store to a file, together with those that the file has, and return a summary.

    Args:
        store: The SQLite file of `weft serve`.
        out: verdicts.tsv. Of two verdicts on one case the newer is kept.

    Raises:
        InputError: There is no store.
        ContractError: The store or the file is broken.
    """
    if not store.is_file():
        raise InputError(f"{store}: no such file; `weft serve` makes it when somebody judges a case on /audit")
    database = VerdictStore(store)
    try:
        if out.exists():
            database.merge(read_verdicts(out))
        verdicts = database.read()
    finally:
        database.close()
    write_verdicts(out, verdicts)
    accepted = sum(verdict.is_accepted for verdict in verdicts.values())
    return f"{len(verdicts):,} verdicts written to {out}: {accepted:,} accepted, {len(verdicts) - accepted:,} rejected"
