"""What the gateway costs beside a bare nginx, measured in one run (`make bench`)."""
