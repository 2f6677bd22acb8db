"""Who may call: logins, tokens, roles, and the first start that makes them."""
