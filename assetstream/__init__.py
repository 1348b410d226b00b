"""Live account balances of crypto exchanges."""
from assetstream.version import __version__

__all__ = ["__version__"]
