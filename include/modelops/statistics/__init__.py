"""What a column looks like: statistics in one pass over Arrow batches, in bounded memory, mergeable between workers."""
