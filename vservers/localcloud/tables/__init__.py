"""The parameter tables of the products, as data; vservers.localcloud.validate says how they read.

Derived once from the vendor's published API metadata and manuals, then kept by hand.
"""
