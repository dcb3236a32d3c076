"""The measurement of a model in finetune on the photos of val."""

from collections.abc import Iterator

import torch

from weft.data.samplers import Batch, Sampler
from weft.device_prefetch import prefetch_to_device
from weft.model.embedder import Embedder
from weft.model.mixed_precision import MixedPrecision
from weft.params import Finetune
from weft.training.distributed import Replica, count_photos
from weft.training.objective import Objective
from weft.training.stored_photos import StoredPhotos
from weft.training.val_metrics import ValBatch, ValMetrics, ValSample, measure_words


class Validation:
    """Embeds the photos of val that have words and measures the model on them; the processes share the photos."""

    def __init__(
        self,
        val: StoredPhotos,
        sampler: Sampler,
        objective: Objective,
        settings: Finetune,
        replica: Replica,
        workers: int,
    ) -> None:
        """Prepare the batches and the sample for the metrics of retrieval and tagging.

        Args:
            val: The photos of val.
            sampler: The sampler of the training photos, whose distribution the val_loss uses.
            objective: The training loss.
            settings: The section finetune of params.yaml.
            replica: The copy of the model in this process.
            workers: Number of threads that decode photos.
        """
        batches = list(sampler.eval_batches(val.bags, 4 * settings.batch_size))
        self._store, self._workers, self._replica, self._objective = val.store, workers, replica, objective
        self._sample = ValSample(val.bags, val.products, batches)
        self._local_batches = replica.shard(batches)
        self._discards_projection = settings.discard_projection_head

    @torch.no_grad()
    def measure(self, model: Embedder, amp: MixedPrecision) -> ValMetrics:
        """Return the metrics of `model`, the same in all processes.

        Photos are compared by the z that the final model will have: the backbone's own if the projection is discarded.
        """
        discarded = model.projection if self._discards_projection else None
        device, sample, replica = model.words.device, self._sample, self._replica
        retrieval_dim = (model.words if discarded is None else discarded).shape[1]
        retrieval_z = torch.zeros(len(sample), retrieval_dim, device=device)

        def load(batch: Batch) -> tuple[torch.Tensor, ValBatch]:
            return torch.from_numpy(self._store.decode(batch.photo_indices)), sample.prepare(batch, self._objective)

        def iter_embedded() -> Iterator[tuple[torch.Tensor, ValBatch]]:
            for pixels, batch in prefetch_to_device(load, self._local_batches, self._workers, str(device)):
                with amp.autocast():
                    encoded = model.encode(pixels)
                    z = model.project(encoded)
                retrieval_z[batch.positions] = (z if discarded is None else encoded)[batch.rows].float()
                yield z, batch

        model.eval()
        loss, tag_precision = measure_words(iter_embedded(), model, self._objective, sample, replica.all_reduce_sum)
        map_at_r = sample.compute_map_at_r(replica.all_reduce_sum(retrieval_z))
        # The processes must decide alike about the kept epoch, whatever their last digits are.
        loss = replica.weighted_mean(loss, count_photos(self._local_batches))
        return ValMetrics(loss, replica.weighted_mean(map_at_r, 1), replica.weighted_mean(tag_precision, 1))
