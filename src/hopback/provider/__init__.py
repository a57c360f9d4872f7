"""The provider kit: its book, its records searched, its hops answered. Nothing leaves but the answer."""
