"""Tests of the controller of ApiBindings."""
