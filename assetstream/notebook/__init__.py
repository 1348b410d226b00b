"""Live tables in a notebook. They need the extra ``notebook``."""
