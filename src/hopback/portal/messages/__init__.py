"""What was said by mail and webhook, exactly, and whether it arrived."""
