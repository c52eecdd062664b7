"""Forklab's grader: replays scripted scenarios on a student's kernel and says which step differs first."""

__version__ = "0.1.0"
