"""Quotas on real servers."""
