"""The console's pages, without a browser."""
