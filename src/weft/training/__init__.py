"""Training: one readable loop for W alone (fit_words), one for the whole network (finetune), and what both share."""
