"""Models of products in the Universal Variability Language: lines, expressions, the model."""
