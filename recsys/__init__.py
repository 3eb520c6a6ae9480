"""What customers want: interactions, models, ranking, explanation, recommendation metrics."""
