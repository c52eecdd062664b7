"""Draw the states at which a class most often differs first: from the reference's recorded runs of public scenarios."""

from __future__ import annotations

from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.report.course import Course
from grader.view.layout import picture_after
from grader.view.svg import svg


def pictures_of(lab: Lab, course: Course) -> dict[tuple[str, int], str]:
    """Return scenario and step -> an SVG element with the state after that step.

    A difference at the end of a run, such as a leak, has the state after the last step.
    """
    public = {scenario.id: scenario for scenario in lab.scenarios}
    drawn = {}
    for one in course.differences:
        scenario = public[one.scenario]
        trace = load_recording(lab, scenario).traces[0]
        step = min(one.step, len(scenario.steps))
        picture = picture_after(scenario.at_failure_point(0), trace.pids, trace.steps, step)
        drawn[one.scenario, one.step] = svg(picture)
    return drawn
