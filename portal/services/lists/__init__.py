"""The office's lists. Each list is data (columns, filters, orders) in a file of its own; frame.py says of what kind.

A new column or filter is one entry there: pages, addresses, chips, bulk acts and exports follow from it.
"""
