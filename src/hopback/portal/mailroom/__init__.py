"""The pages of messages and webhooks, and where mail is handed in: what stands above accounts, messages below them."""
