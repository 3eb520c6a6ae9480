"""Custom orders: models of products, exact guidance through their options, and what they cost."""
