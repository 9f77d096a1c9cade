"""Parametric shapes: primitives, the categories composed of them, and points drawn from their surfaces."""
