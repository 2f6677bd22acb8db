"""Contracts: the queue of an environment, and the page of one contract with its decisions."""
