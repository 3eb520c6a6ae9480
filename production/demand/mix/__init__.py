"""The mix: shares of a style's demand over its variants."""
