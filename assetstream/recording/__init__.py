"""Recordings: the traffic between a stream and its exchange, masked, in a file.

``Recorder`` and ``assetstream record`` write one; ``assetstream.simulator.Replay`` and
``assetstream replay`` serve it to any client. ``assetstream.recording.tape`` describes
the form of the file, ``assetstream.recording.mask`` the parts that are masked.
"""

from __future__ import annotations

from assetstream.recording.recorder import Recorder

__all__ = ["Recorder"]
