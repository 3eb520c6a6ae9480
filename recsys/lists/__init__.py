"""Lists: from scores to what a customer is shown, by the rules and with its reasons."""
