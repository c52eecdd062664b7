"""What classroom50/result/v1 demands, in our own words (foundation50/classroom50, schemas/result-v1.schema.json)."""

_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0}

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(("classroom", "assignment", "owner", "commit", "release", "review"), _TEXT),
        "assignment_type": {"enum": ["individual", "group", "team"]},
        "submission": {"type": "string", "pattern": "^submit/"},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"},
        "score": _COUNT,
        "max-score": _COUNT,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "test-name": _TEXT,
                    "passed": {"type": "boolean"},
                    "score": _COUNT,
                    "max-score": _COUNT,
                },
                "required": ["test-name", "passed", "score", "max-score"],
            },
        },
    },
}
SCHEMA["required"] = sorted(SCHEMA["properties"])

#: What their runner gives to an autograder.
ENVIRONMENT = {
    "CLASSROOM": "os",
    "ASSIGNMENT": "cow",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "jane",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://github.com/o/r/commit/1",
    "RELEASE_URL": "https://github.com/o/r/releases/tag/1",
    "REVIEW_URL": "",
}
