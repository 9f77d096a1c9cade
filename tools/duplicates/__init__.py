"""Precision and recall of the evidence for duplicates, on copies of meshes that are altered in known ways."""
