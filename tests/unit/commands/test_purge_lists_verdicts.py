from weft.commands.purge import PurgeTarget, find_stored_copies
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import JudgedCase, Verdict, write_verdicts

CASE = JudgedCase("tag", "alder/1", "red")


def test_purge_lists_the_files_with_verdicts_on_a_product(tmp_path):
    write_verdicts(tmp_path / "verdicts.tsv", {CASE: Verdict(True, "2026-11-28T13:40:00Z")})
    store = VerdictStore(tmp_path / "var" / "verdicts.sqlite")
    store.judge(CASE, True)
    store.close()
    for target in (PurgeTarget(products=frozenset({"alder/1"})), PurgeTarget(shop="alder")):
        found = find_stored_copies(target, tmp_path)
        assert found == [("var/verdicts.sqlite", "verdicts of people"), ("verdicts.tsv", "verdicts of people")]
    assert find_stored_copies(PurgeTarget(shop="brunel"), tmp_path) == []
