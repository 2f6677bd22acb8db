"""Code that several policy types share."""
