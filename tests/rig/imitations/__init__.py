"""What control planes make of our objects, as static configurations of an Envoy.

They have the shape that the real control planes render, with the parts that matter for Checks. A
patch that finds nothing to change is an error here.
"""
