"""Tags for what campaigns are said to be."""
