"""The entry point of web servers and of the flask command."""

from portal import create_app

app = create_app()
