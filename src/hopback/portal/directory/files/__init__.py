"""Files the directory takes over, each kind in a module of its own: what its columns are called, what a row must be."""
