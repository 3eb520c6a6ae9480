"""How much of each variant customers will want, as distributions."""
