"""Answers for clouds that nobody labelled."""
