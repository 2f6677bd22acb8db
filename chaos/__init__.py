"""Injects faults into real processes under load, and counts what clients and the platform saw."""
