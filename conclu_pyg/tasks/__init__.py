"""Supervised models, one module per task, and how they predict."""
