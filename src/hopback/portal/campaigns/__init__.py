"""Which calls are the same call, and what is known of them."""
