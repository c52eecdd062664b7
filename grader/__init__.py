"""Forklab's grader: replays scripted scenarios on a student's kernel and reports the first step that differs."""

__version__ = "0.1.0"
