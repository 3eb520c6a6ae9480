"""A plan from files of any program: demand, resources, usage and lots as CSV."""
