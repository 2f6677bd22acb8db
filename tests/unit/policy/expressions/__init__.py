"""Expressions, alone and held against the vendor's engine."""
