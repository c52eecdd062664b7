"""Imported once by the server that all processes of a local pool are forked from, so that none imports it again."""
