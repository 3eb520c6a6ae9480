"""Plans week by week: each week's capacity, stock carried over, and lead times."""
