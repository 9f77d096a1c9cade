"""One reader per file format: a path to arrays, or to one sentence that says what is wrong with the file."""
