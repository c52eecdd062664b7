"""Grade on every save: `grader watch`."""
