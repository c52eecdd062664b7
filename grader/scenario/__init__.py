"""Scenarios: text -> Scenario. This is the only reader of scenario YAML."""

_HOMES = {
    "Scenario": "model",
    "Step": "model",
    "load_scenario": "loader",
    "parse_scenario": "loader",
}

__all__ = ["FormatError", "Scenario", "Step", "load_scenario", "parse_scenario"]


def __getattr__(name: str) -> object:
    """Import on first use: the worker must not pay for the YAML reader."""
    import sys
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    setattr(sys.modules[__name__], name, value)
    return value
