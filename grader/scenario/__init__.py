"""Scenarios: text -> Scenario. This is the only reader of scenario YAML."""
