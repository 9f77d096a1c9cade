"""Parametric shapes: primitives, the categories composed of them, and simulated scans of their surfaces."""
