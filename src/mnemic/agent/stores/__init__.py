"""Where episodes are kept. One contract, an implementation a folder."""
