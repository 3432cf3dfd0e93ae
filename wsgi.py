"""The entry point of web servers and of the flask command."""

import gc
import os

# What a program is made of lives as long as its process: to look through it for rubbish, while it is loaded and again
# every few thousand requests, finds nothing.
gc.disable()

from portal import create_app  # noqa: E402

# The flask command lists and runs all there is; a web server opens the office later, or warms up (gunicorn.conf.py).
app = create_app(late_office=os.environ.get("FLASK_RUN_FROM_CLI") != "true")
gc.freeze()
gc.enable()
