"""Who may call, and with what we call others."""
