"""The rules of the business, pure: standard library only, no clock, no database, no input or output.

Time is an argument. What is refused is refused with a code and parameters (`errors`); sentences live in `words`.
"""
