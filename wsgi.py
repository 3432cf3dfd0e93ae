"""The entry point of web servers and of the flask command."""

import gc

# What a program is made of lives as long as its process: to look through it for rubbish, while it is loaded and again
# every few thousand requests, finds nothing.
gc.disable()

from portal import create_app  # noqa: E402

app = create_app(late_office=True)
gc.freeze()
gc.enable()
