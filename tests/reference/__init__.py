"""Deliberately naive second implementations, against which the real ones are tested."""
