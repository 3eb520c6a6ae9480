"""New variants: what their first weeks, and those of variants like them, say of their demand."""
