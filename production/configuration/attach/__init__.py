"""Attach rates: how much of a style's demand takes each option, and what that takes."""
