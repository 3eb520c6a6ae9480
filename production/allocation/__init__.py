"""How scarce resources are shared out over variants: the mathematics."""
