"""Tests of the HTTP edge towards the platform."""
