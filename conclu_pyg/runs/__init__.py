"""Trained runs: folders, checkpoints, records, and loading them again."""
