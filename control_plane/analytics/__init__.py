"""Events of API traffic, and the questions that can be asked about them."""
