"""Experiments: customers split over arms, and what the arms did."""
