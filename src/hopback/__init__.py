"""Hopback traces suspected illegal robocalls back to their source, hop by hop."""

__version__ = "0.1.0"
