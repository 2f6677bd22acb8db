"""Counts requests for the rate limits: in this process, or shared."""
