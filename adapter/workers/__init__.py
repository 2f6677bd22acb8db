"""The parent of several workers: starts them again when they end, and answers operators for all."""
