"""Statistics of columns in one pass over Arrow batches, in bounded memory, mergeable between workers."""
