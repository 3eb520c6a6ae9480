"""What a model's clauses leave possible: parts that do not touch, guidance, conflicts, counts."""
