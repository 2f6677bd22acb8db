"""Tests of the parent of several workers."""
