"""What comes in: the canonical tables, mappings onto them, cleaning, the workspace, the market."""
