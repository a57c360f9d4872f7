"""A consortium that never existed: also the fixture of tests and the pictures in the docs."""
