"""Altered files for the readers: mutations of valid ones, and what the readers make of them."""
