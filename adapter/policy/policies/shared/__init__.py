"""What several policy types share."""
