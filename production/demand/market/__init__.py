"""Market factors: from a table of anything by date to what a forecast may know at its origin."""
