"""What jobs and the observer write, and what they read to write it, in their own transactions."""
