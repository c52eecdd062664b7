"""Imported once by the server that all processes of a local pool are forked from, so that none imports it again."""

import grader.batch.work
import grader.worker.box
import grader.worker.child
import grader.worker.launch
import grader.worker.remote
import grader.worker.standin  # noqa: F401
