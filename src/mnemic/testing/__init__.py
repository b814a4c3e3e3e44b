"""The shipped kit for testing what stands on Mnemic: fakes and contracts."""
