"""The view of ``assetstream record``: states, errors, and how far it is."""

from __future__ import annotations

from io import StringIO

from assetstream.cli.run.watch import ViewEvent
from assetstream.cli.view.lines import PlainLines
from assetstream.cli.view.status_line import StatusLine, clock, size
from assetstream.display.words import counted
from assetstream.model.events import AssetUpdate
from assetstream.recording import Recorder
from assetstream.streams.stream import AssetStream

__all__ = ["RecordView"]


class RecordView:
    """Shows states and errors, and below them time, frames, updates and size."""

    def __init__(self, recorder: Recorder, stream: AssetStream) -> None:
        self._recorder = recorder
        self._stream = stream
        self._updates = 0
        self._status = StatusLine()
        self._error_noted = False

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None:
        self._status.end()

    def show(self, event: ViewEvent) -> None:
        """Count an update; write down all else."""
        if isinstance(event, AssetUpdate):
            self._updates += 1
        else:
            line = StringIO()
            PlainLines(line).show(event)
            self._status.note(line.getvalue().rstrip())

    def paint(self) -> None:
        """Show the figures."""
        recorder = self._recorder
        if recorder.error is not None and not self._error_noted:
            self._error_noted = True
            self._status.note(f"nothing more is written: {recorder.error}")
        lost = f"  {recorder.lost} LOST" if recorder.lost else ""
        self._status.show(
            f"{clock(recorder.elapsed)}  {self._stream.state}  {recorder.frames} frames"
            f"  {self._updates} updates  {size(recorder.size)}{lost}"
        )

    @property
    def figures(self) -> dict[str, object]:
        """Sum up the recording for a program."""
        recorder = self._recorder
        return {
            "kind": "recorded",
            "file": str(recorder.path),
            "seconds": round(recorder.elapsed, 3),
            "frames": recorder.frames,
            "updates": self._updates,
            "bytes": recorder.size,
            "lost": recorder.lost,
            "error": None if recorder.error is None else str(recorder.error),
        }

    @property
    def summary(self) -> str:
        """Sum up the recording for people, and say what to do with it."""
        recorder = self._recorder
        if recorder.error is not None:
            return (
                f"The recording is incomplete: {recorder.path} has its first "
                f"{size(recorder.size)}, then nothing more could be written."
            )
        lost = ""
        if recorder.lost:
            lost = f"{recorder.lost} things are missing: the disk did not keep up. "
        frames = counted(recorder.frames, "frame")
        updates = counted(self._updates, "update")
        return (
            f"Recorded {clock(recorder.elapsed)}, {frames} received and {updates}, in "
            f"{recorder.path} ({size(recorder.size)}). "
            f"{lost}Look through it, then pass it on or replay it: "
            f"assetstream replay {recorder.path}"
        )
