"""Training: one readable loop for W alone (train_head), one for the whole network (finetune), and what both share."""
