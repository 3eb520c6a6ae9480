"""How good recommendations are on days already past."""
