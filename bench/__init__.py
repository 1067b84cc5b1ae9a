"""What we claim to be fast, measured beside what one would use instead."""
