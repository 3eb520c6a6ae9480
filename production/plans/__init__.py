"""What to make: the plan, how it is made, kept and judged."""
