"""A model of products becomes clauses for a solver, one to one with its configurations."""
