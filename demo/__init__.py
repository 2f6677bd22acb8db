"""The demo: starts everything with the commands that a user would type, and plays the steps."""
