"""Counts requests for rate limits, in this process or on a shared server; see docs/quotas.md."""
