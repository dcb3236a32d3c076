"""Training: the loops of the two stages, train_head for W and finetune for the whole network, and their parts."""
