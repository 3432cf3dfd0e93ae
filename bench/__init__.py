"""Speed, always beside a bare Flask application that does the least such a page could do. See __main__.py."""
