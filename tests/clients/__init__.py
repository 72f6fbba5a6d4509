"""The real coding clients, from npm, through the gateway to strict fakes (`make test-clients`)."""
