"""Whimbrel's own layer: the small language that its functions are written in."""
