"""What a reader sees: drawings and pages, made of escaped text and nothing that runs."""
