"""A stateful stand-in for Stripe: its API, its hosted checkout page and its signed webhooks, on this
machine only.
"""
