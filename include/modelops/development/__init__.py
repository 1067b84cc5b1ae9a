"""The commands for developers: tests, checks, benchmarks and the fault campaign."""
