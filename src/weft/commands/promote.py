"""`weft promote`: make a model the champion, after a paired comparison with the present champion on one test set."""

from collections.abc import Iterator
from dataclasses import dataclass

from weft import tracking
from weft.commands.compare import BOOTSTRAP_SAMPLES, LEGEND, Evaluation, format_difference, get_scores, open_run
from weft.contracts.tables import FINETUNED
from weft.errors import InputError
from weft.evaluation.bootstrap import PairedDifference, compute_paired_differences

DECISIVE_METRIC = "map_at_r"
"""The metric of a table that decides, where the table has it; else its first metric decides."""


@dataclass(frozen=True)
class _Comparison:
    """The decisive metric of one table for both models."""

    benchmark: str
    table: str
    difference: PairedDifference

    @property
    def is_loss(self) -> bool:
        """Whether the whole interval of the difference is below 0."""
        return self.difference.ci_high < 0

    def __str__(self) -> str:
        return f"{self.benchmark}, {self.table}, {self.difference.metric}: {format_difference(self.difference)}"


def promote(run: str | None, *, force: bool) -> Iterator[str]:
    """Move the alias "champion" to the model of a run, unless the present champion is better; yield what was done.

    Both models must have been evaluated on the same test photos. In each table the decisive metric is compared by the
    paired bootstrap over products. If the 95 % interval of one difference lies below 0, the model is refused.

    Args:
        run: The id of the MLflow run of a pipeline or of one of its stages; None for the model with the alias
            "candidate".
        force: Promote also after a loss, or where the models cannot be compared; a tag of the version says why.

    Raises:
        InputError: The run has no registered model, the model was refused, or the models cannot be compared.
        ContractError: The outputs of an evaluation are invalid.
    """
    registry = tracking.Registry()
    candidate, pipeline = registry.find_candidate(run)
    present = registry.find_champion()
    tags = {"promotion": "first champion"}
    if present is not None:
        champion, champion_pipeline = present
        if champion.version == candidate.version:
            yield f"version {candidate.version} of {tracking.MODEL_NAME} is the champion already"
            return
        yield f"A: champion, version {champion.version}; B: version {candidate.version}"
        yield LEGEND
        evaluations = registry.find_evaluations(champion_pipeline), registry.find_evaluations(pipeline)
        comparisons, obstacle = _compare_if_possible(*evaluations)
        yield from map(str, comparisons)
        tags = _judge(comparisons, obstacle, champion.version, force=force)
    registry.set_champion(candidate, pipeline, tags)
    yield f"models:/{tracking.MODEL_NAME}@{tracking.CHAMPION} is now version {candidate.version}"


def _judge(comparisons: list[_Comparison], obstacle: str, champion: str, *, force: bool) -> dict[str, str]:
    """Return the tags of a promotion.

    Raises:
        InputError: The promotion is refused.
    """
    losses = [comparison for comparison in comparisons if comparison.is_loss]
    reason = obstacle or "; ".join(f"worse than the champion: {loss}" for loss in losses)
    if reason and not force:
        raise InputError(f"not promoted: {reason}; --force promotes it nevertheless, and says so in a tag")
    tags = {"promotion": f"compared with version {champion}: {'; '.join(map(str, comparisons)) or 'impossible'}"}
    return tags | ({"promotion.forced": reason} if reason else {})


def _compare_if_possible(
    champion_runs: dict[str, str], candidate_runs: dict[str, str]
) -> tuple[list[_Comparison], str]:
    """Return the comparisons of all tables, and "" or why there are none.

    Args:
        champion_runs: The run of evaluate of the champion by benchmark.
        candidate_runs: The run of evaluate of the candidate by benchmark.
    """
    benchmarks = [name for name in candidate_runs if name in champion_runs]
    if not benchmarks:
        names = [", ".join(runs) or "none" for runs in (champion_runs, candidate_runs)]
        return [], f"expected evaluations of both models on one benchmark, got {names[0]} and {names[1]}"
    comparisons: list[_Comparison] = []
    for name in benchmarks:
        with open_run(champion_runs[name]) as first, open_run(candidate_runs[name]) as second:
            found = list(_compare_tables(name, first, second))
        if not found:
            return [], (
                f"the models were evaluated on different test photos of {name}; run the pipeline of the champion's "
                "params on the present data first (dvc exp run), and promote its model"
            )
        comparisons += found
    return comparisons, ""


def _compare_tables(benchmark: str, first: Evaluation, second: Evaluation) -> Iterator[_Comparison]:
    """Yield the comparison of each table whose queries and photos are the same in both evaluations."""
    if first.num_photos != second.num_photos:
        return
    for table in first.metrics:
        if any((table, FINETUNED) not in evaluation.scores for evaluation in (first, second)):
            continue
        a, b = get_scores(first, table, FINETUNED), get_scores(second, table, FINETUNED)
        if set(a.query_ids) != set(b.query_ids):
            continue
        _, _, differences = compute_paired_differences(a, b, BOOTSTRAP_SAMPLES)
        decisive = [difference for difference in differences if difference.metric == DECISIVE_METRIC]
        yield from (_Comparison(benchmark, table, difference) for difference in (decisive or differences)[:1])
