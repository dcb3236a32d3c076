"""Keys of earlier versions of params.yaml, each with the key that replaces it."""

_STAGE_KEYS = {
    "balance": "training.sampling.inverse_frequency_exponent",
    "bias": "training.logits.word_bias",
    "correction": "training.loss.logq_correction, with training.loss.name: sampled_softmax",
    "described": "{stage}.description_weight",
    "early_stop": "{stage}.early_stopping_patience",
    "loss": "training.loss.name",
    "mask_true_words": "training.loss.remove_accidental_hits, with training.loss.name: sampled_softmax",
    "momentum": "{stage}.optimizer.momentum, with {stage}.optimizer.name: sgd",
    "most_draws": "training.sampling.max_photo_repeats",
    "negatives": "training.loss.num_negatives, with training.loss.name: sampled_softmax",
    "normalise": "training.logits.name (dot_product for false, cosine for true)",
    "patience": "{stage}.lr_schedule.patience, with {stage}.lr_schedule.name: plateau",
    "proposal": "training.loss.negative_distribution, with training.loss.name: sampled_softmax",
    "repeats": "training.sampling.count_repeated_words",
    "schedule": "{stage}.lr_schedule.name",
    "seed": "training.seed",
    "shared_negatives": "training.loss.share_negatives_in_batch, with training.loss.name: sampled_softmax",
    "target": "training.targets (sampled_word for one_word, soft_targets for all_words)",
    "temperature": "training.logits.temperature, with training.logits.name: cosine",
    "warm_up": "{stage}.lr_schedule.warmup_epochs, with {stage}.lr_schedule.name: plateau or cosine",
    "weight_decay": "{stage}.optimizer.weight_decay",
    "word_learning_rate": "{stage}.optimizer.head_lr",
}

RENAMED_KEYS = {
    "audit.examples": "audit.num_examples",
    "benchmarks.*.group": "benchmarks.*.group_field",
    "benchmarks.*.labels.*.without": "benchmarks.*.labels.*.exclude",
    "benchmarks.*.same": "benchmarks.*.match_all",
    "benchmarks.*.words": "benchmarks.*.zero_shot",
    "calibrate.precision": "calibrate.target_precision",
    "clean.in_passing": "clean.drop_off_topic_words (true for drop, false for keep)",
    "clean.min_letters": "clean.min_token_length",
    "crawl.demo.products": "crawl.demo.num_products",
    "crawl.gate": "crawl.quality_checks",
    "crawl.gate.max_drift": "crawl.quality_checks.max_change",
    "crawl.gate.max_failures": "crawl.quality_checks.max_failure_rate",
    "crawl.gate.max_same_title": "crawl.quality_checks.max_duplicate_title_share",
    "crawl.gate.min_share": "crawl.quality_checks.min_field_coverage",
    "crawl.gate.placeholder_products": "crawl.quality_checks.placeholder_min_products",
    "crawl.gate.wall_pages": "crawl.quality_checks.block_page_threshold",
    "crawl.shops.*.allow_private": "crawl.shops.*.allow_private_network",
    "crawl.shops.*.products": "crawl.shops.*.product_urls",
    "evaluate.examples": "evaluate.num_examples",
    "evaluate.neighbours": "evaluate.knn_neighbours",
    "evaluate.resamples": "evaluate.bootstrap_samples",
    "evaluate.tag_k": "evaluate.tags_top_k",
    "finetune.crop": "finetune.augmentation.min_crop_scale",
    "finetune.ema": "finetune.ema_decay",
    "finetune.first_share": "finetune.wise_ft_weight",
    "finetune.flip": "finetune.augmentation.horizontal_flip",
    "finetune.fold_projection": "finetune.discard_projection_head",
    "finetune.frozen": "finetune.frozen_modules",
    "finetune.layer_decay": "finetune.optimizer.layerwise_lr_decay",
    "finetune.learning_rate": "finetune.optimizer.backbone_lr",
    "finetune.min_visualness": "finetune.word_weighting.min_predictability, with name: threshold",
    "finetune.precision": "finetune.amp_dtype",
    "finetune.redundancy": "finetune.downweight_redundant_words (false for ignore, true for divide)",
    "finetune.refit_words": "finetune.retrain_head",
    "finetune.shift": "finetune.augmentation.max_translate_px",
    "finetune.similarity": "finetune.bag_similarity.weight",
    "finetune.similarity_temperature": "finetune.bag_similarity.temperature",
    "finetune.visualness": "finetune.word_weighting.name (none, predictability, threshold for ignore, weight, drop)",
    "fit_words": "train_head",
    "fit_words.batch_size": "train_head.batch_size",
    "fit_words.epochs": "train_head.epochs",
    "fit_words.optimizer": "train_head.optimizer.name",
    "model.layer": "model.feature_layer",
    "model.projection": "model.projection_dim",
    "prepare.duplicate_distance": "prepare.phash_max_distance",
    "prepare.max_aspect": "prepare.max_aspect_ratio",
    "vocabulary.boilerplate_ratio": "vocabulary.boilerplate_min_ratio",
    "vocabulary.boilerplate_share": "vocabulary.boilerplate_min_df",
    "vocabulary.brand_share": "vocabulary.brand_min_share",
    "vocabulary.max_words": "vocabulary.max_size",
    "vocabulary.min_documents": "vocabulary.min_document_frequency",
    **{f"fit_words.{old}": new.format(stage="train_head") for old, new in _STAGE_KEYS.items()},
    **{f"train_head.{old}": new.format(stage="train_head") for old, new in _STAGE_KEYS.items()},
    **{f"finetune.{old}": new.format(stage="finetune") for old, new in _STAGE_KEYS.items()},
}
"""Old key to new key. `*` stands for the name of a shop, benchmark or label set, or for an index in a list."""


def find_new_key(key: str) -> str | None:
    """Return what replaces the old dotted `key`, or None if no version of params.yaml had it."""
    parts = key.split(".")
    for old, new in RENAMED_KEYS.items():
        pattern = old.split(".")
        if len(pattern) == len(parts) and all(p in ("*", part) for p, part in zip(pattern, parts, strict=True)):
            wildcards = iter(part for p, part in zip(pattern, parts, strict=True) if p == "*")
            return ".".join(next(wildcards) if part == "*" else part for part in new.split("."))
    return None
