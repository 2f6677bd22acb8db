"""The composition root: makes an adapter from its settings, and starts and stops it.

It is the only package that names concrete classes.
"""
