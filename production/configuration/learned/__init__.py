"""Learned choices: what customers are likely to choose next, and the whole they likely want."""
