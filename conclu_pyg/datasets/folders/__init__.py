"""A user's own folders of clouds: the list of files, their classes and splits, and the reading of each file."""
