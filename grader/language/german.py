"""The canned sentences of feedback in German. Each English sentence that `say` is given has to be here."""

from __future__ import annotations

SENTENCES = {
    # Points and tasks
    "{earned} of {most} points": "{earned} von {most} Punkten",
    "{earned} of {most}": "{earned} von {most}",
    "| task | | points | scenarios |": "| Aufgabe | | Punkte | Szenarien |",
    "{passed} of {total} public scenarios pass.": "{passed} von {total} öffentlichen Szenarien bestehen.",
    "receipt {receipt}": "Quittung {receipt}",
    "Your own scenarios: {earned} of {most} points": "Eigene Szenarien: {earned} von {most} Punkten",
    "Receipt {receipt}": "Quittung {receipt}",
    "refused: {reason}": "abgelehnt: {reason}",
    # One scenario
    "Hint: {hint}": "Hinweis: {hint}",
    "Your kernel printed:": "Dein Kernel hat ausgegeben:",
    "(more was printed)": "(es wurde mehr ausgegeben)",
    "waits until {tasks} passes": "wartet, bis {tasks} besteht",
    "waits until {method} stays within its limits": "wartet, bis {method} die Grenzen einhält",
    "not tried: it waits until {method} stays within its limits": (
        "nicht versucht: wartet, bis {method} die Grenzen einhält"
    ),
    "Task {number}: 1 more scenario waits until {methods} stays within its limits": (
        "Aufgabe {number}: 1 weiteres Szenario wartet, bis {methods} die Grenzen einhält"
    ),
    "Task {number}: {many} more scenarios wait until {methods} stays within its limits": (
        "Aufgabe {number}: {many} weitere Szenarien warten, bis {methods} die Grenzen einhält"
    ),
    " ({count} not tried)": " ({count} nicht versucht)",
    "What waits earns no points yet.": "Was wartet, gibt noch keine Punkte.",
    "task {number}": "Aufgabe {number}",
    " and ": " und ",
    "{count} more did not pass. They are left out because this report is full.": (
        "{count} weitere bestehen nicht. Sie fehlen hier, weil dieser Bericht voll ist."
    ),
    # Verdicts
    "agrees with the reference in every step": "stimmt in jedem Schritt mit der Referenz überein",
    "differs from the reference": "weicht von der Referenz ab",
    "calls a method that is not written yet": "ruft eine Methode auf, die noch nicht geschrieben ist",
    "ended in an error of the kernel's code": "endete mit einem Fehler im Code des Kernels",
    "went beyond a limit on time, output or operations": (
        "überschritt eine Grenze für Zeit, Ausgabe oder Zahl der Operationen"
    ),
    "returned from a fault or a call with the access still refused": (
        "kehrte aus einem Seitenfehler oder Aufruf zurück, ohne dass der Zugriff danach erlaubt war"
    ),
    "asked for something that a kernel may not have": "verlangte etwas, das ein Kernel nicht bekommt",
    "sent an answer that no kernel can produce": "schickte eine Antwort, die kein Kernel erzeugen kann",
    "waits for an earlier task to pass, or for a method to stay within its limits": (
        "wartet darauf, dass eine frühere Aufgabe besteht oder eine Methode die Grenzen einhält"
    ),
    "could not be graded; it costs no points, run it again": (
        "konnte nicht bewertet werden; das kostet keine Punkte, starte es noch einmal"
    ),
    # Hidden scenarios
    "passed": "bestanden",
    "not passed: not all {count} hidden ones": "nicht bestanden: nicht alle {count} verborgenen",
    "not passed: the hidden scenario": "nicht bestanden: das verborgene Szenario",
    "not passed: differs in {rule} as in public: {about}": (
        "nicht bestanden: weicht wie in den öffentlichen in {rule} ab: {about}"
    ),
    "an invariant that every kernel keeps": "eine Invariante, die jeder Kernel einhält",
    "how the step ends": "wie der Schritt endet",
    "the bytes that were read": "die gelesenen Bytes",
    "which pages map which frame": "welche Seiten welchen Rahmen abbilden",
    "page faults in this step": "Seitenfehler in diesem Schritt",
    "frames copied in this step": "in diesem Schritt kopierte Rahmen",
    "frames in use": "belegte Rahmen",
    "what went to and came from disk": "was auf die Platte ging und von ihr kam",
    "what is left at the end": "was am Ende übrig ist",
    "1 hidden scenario exists ({points} points), {state} here.": (
        "Es gibt 1 verborgenes Szenario ({points} Punkte), hier {state}."
    ),
    "{count} hidden scenarios exist ({points} points), {state} here.": (
        "Es gibt {count} verborgene Szenarien ({points} Punkte), hier {state}."
    ),
    "graded": "bewertet",
    "not graded": "nicht bewertet",
    "not shown": "nicht gezeigt",
    "Results of hidden scenarios are shown after {date}; until then points, their maximum and the exit status leave "
    "them out.": (
        "Ergebnisse verborgener Szenarien werden nach {date} gezeigt; bis dahin zählen sie weder in den Punkten noch "
        "in deren Höchstzahl noch im Exit-Status."
    ),
    "Points of hidden scenarios are shown in quarters of a task's, rounded down; the course's own results count each "
    "one.": (
        "Punkte verborgener Szenarien werden in Vierteln der Aufgabe gezeigt, abgerundet; die Ergebnisse des Kurses "
        "zählen jedes einzeln."
    ),
    "Points of hidden scenarios are shown only if all of a task's pass; the course's own results count each one.": (
        "Punkte verborgener Szenarien werden nur gezeigt, wenn alle einer Aufgabe bestehen; die Ergebnisse des Kurses "
        "zählen jedes einzeln."
    ),
    # The whole result
    "Some could not be graded. That costs no points: run it again.": (
        "Einige konnten nicht bewertet werden. Das kostet keine Punkte: starte es noch einmal."
    ),
    "Only the quiz was graded; points cover nothing else.": (
        "Nur das Quiz wurde bewertet; die Punkte gelten nur dafür."
    ),
    "Only scenarios that match {pattern} were run; points cover those only.": (
        "Nur Szenarien, auf die {pattern} passt, liefen; die Punkte gelten nur dafür."
    ),
    "Note: {remark}.": "Anmerkung: {remark}.",
    "UNOFFICIAL: the kernel ran in the grader's own process (--debug).": (
        "INOFFIZIELL: Der Kernel lief im Prozess des Graders selbst (--debug)."
    ),
    # The quiz
    "Quiz sheet not read: {problem}.": "Der Quizbogen wurde nicht gelesen: {problem}.",
    "On the quiz sheet: {problem}.": "Zum Quizbogen: {problem}.",
    "not read": "nicht gelesen",
    "**Quiz**: {earned} of {most} ({counts})": "**Quiz**: {earned} von {most} ({counts})",
    "correct": "richtig",
    "partial": "teilweise richtig",
    "wrong": "falsch",
    "unanswered": "unbeantwortet",
    "invalid": "ungültig",
    # What the course changed
    "Changed by the course": "Vom Kurs geändert",
    "Your own scenarios": "Deine eigenen Szenarien",
    "{what}: {before} -> {after} points": "{what}: {before} -> {after} Punkte",
    "a hidden scenario": "ein verborgenes Szenario",
    "total": "insgesamt",
    "late": "verspätet",
    "With this: {earned} of {most} points": "Damit: {earned} von {most} Punkten",
    "1 day late": "1 Tag zu spät",
    "{days} days late": "{days} Tage zu spät",
    "1 day late, by the date of the last commit": "1 Tag zu spät, nach dem Datum des letzten Commits",
    "{days} days late, by the date of the last commit": "{days} Tage zu spät, nach dem Datum des letzten Commits",
    "{comment}: {after} instead of {before}": "{comment}: {after} statt {before}",
}
