"""Recordings: what passed between a stream and its exchange, masked, in a file.

``Recorder`` writes one around any stream, ``assetstream record`` on the command line;
``assetstream.simulator.Replay`` and ``assetstream replay`` serve it to any client. The
form of the file is described in ``assetstream.recording.tape``, what is masked and what
is not in ``assetstream.recording.mask``.
"""

from __future__ import annotations

from assetstream.recording.recorder import Recorder

__all__ = ["Recorder"]
