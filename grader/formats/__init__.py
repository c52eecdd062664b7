"""One toolkit for the YAML files that people write: scenarios, labs and quizzes. Its README says what is where."""
