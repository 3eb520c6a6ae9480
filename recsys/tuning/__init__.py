"""The search of hyperparameters, on the training period alone."""
