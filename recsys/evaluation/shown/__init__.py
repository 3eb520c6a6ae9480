"""What served lists showed, to whom: coverage and fairness by group, from their log."""
