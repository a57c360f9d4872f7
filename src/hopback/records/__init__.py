"""Where the calls are: their schema, the store and its manifest, loading, and finding a call."""
