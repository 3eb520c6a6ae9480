"""Customers in groups: who is alike, who comes back, and what each group takes."""
