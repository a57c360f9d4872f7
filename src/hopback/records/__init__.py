"""Where the calls are: schema, formats, loading, the store, and finding a call in it."""
