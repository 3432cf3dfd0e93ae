"""The demo's two businesses, all invented: who they are, who owes them what, and what has happened so far.

Dates count from today, so that the demo is alive whenever it is started. Written by the portal's own services.
"""
