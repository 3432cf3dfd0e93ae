"""Slow proofs of the portal: each part prints figures that anyone can print again. See __main__.py."""
