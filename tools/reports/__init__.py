"""Reports from records: the results page of this repository."""
