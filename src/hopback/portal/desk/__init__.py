"""The provider's desk: requests waiting on it, and answering them."""
