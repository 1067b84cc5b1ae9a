"""For developers of the product: runs the tests, the checks, the benchmarks and the kill campaign."""
