"""The HTTP service: recommendations, live events, the variant mix and plans."""
