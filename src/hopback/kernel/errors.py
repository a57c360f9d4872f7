"""Every error Hopback raises on purpose, in one tree.

::

    HopbackError
    ├── BadInput        what was handed in cannot be used         exit 2 · HTTP 422
    ├── NotFound        the thing named does not exist            exit 2 · HTTP 404
    ├── Refused         the actor may not, or the state forbids   exit 2 · HTTP 403 / 409
    │   └── Conflict    somebody else got there first             exit 2 · HTTP 409
    └── BrokenProof     a log, signature or proof does not hold   exit 1 · HTTP 500

An error carries what a person needs to mend it. Edges render it: one line and an exit status on
the terminal, RFC 9457 on the API, a sentence on a page.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["BadInput", "BrokenProof", "Conflict", "HopbackError", "NotFound", "Refused"]


class HopbackError(Exception):
    """An error with a stable ``code``, where it was met, and how to mend it.

    ``where`` names a file, a line (``book.toml:12``) or a field (``sources[0].format``);
    ``mend`` says what to do about it. Both may be empty.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 2

    def __init__(self, message: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        """One line: where, what, and the mend."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        line = f"{head} ({self.mend})" if self.mend else head
        return " ".join(line.split())


class BadInput(HopbackError):
    """What was handed in cannot be used: a malformed file, field, command or number."""

    code = "bad_input"


class NotFound(HopbackError):
    """The file, provider, traceback or record that was named does not exist."""

    code = "not_found"


class Refused(HopbackError):
    """The actor may not do this, or the process does not allow it in this state."""

    code = "refused"


class Conflict(Refused):
    """Somebody else changed the thing first; look again before you decide."""

    code = "conflict"


class BrokenProof(HopbackError):
    """A log, a signature or a proof does not hold."""

    code = "broken_proof"
    exit_status = 1
