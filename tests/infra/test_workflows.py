"""The state machines of exports and jobs, walked with a step function in place of their Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.assembly import Assembly

EXPORT = {"organizationId": "an organization", "exportId": "an export"}
JOB = {"organizationId": "an organization", "jobId": "a job"}
Step = Callable[[dict[str, Any]], Any]


def machine_of(assembly: Assembly, kind: str) -> dict[str, Any]:
    machines = assembly.of_type("AWS::StepFunctions::StateMachine").values()
    [machine] = [each for each in machines if f"{kind.capitalize()}Steps" in each["DefinitionSubstitutions"]]
    return machine


def definition(assembly: Assembly, kind: str = "export") -> dict[str, Any]:
    return json.loads(assembly.text(machine_of(assembly, kind)["DefinitionString"]))


def evaluated(value: Any, states: dict[str, Any]) -> Any:
    """Evaluate the paths of JSONata that the definition uses: ``$states.a.b``, and one comparison with true."""
    match value:
        case dict():
            return {key: evaluated(member, states) for key, member in value.items()}
        case str() if value.startswith("{% ") and value.endswith(" = true %}"):
            return evaluated(value.replace(" = true %}", " %}"), states) is True
        case str() if value.startswith("{% $states."):
            found: Any = states
            for name in value.removeprefix("{% $states.").removesuffix(" %}").split("."):
                found = found[name]
            return found
        case _:
            return value


def walk(assembly: Assembly, step: Step, kind: str = "export") -> tuple[str, list[dict[str, Any]]]:
    """Run a machine without retries; return the state that it ended in, and what the Lambda was told each time."""
    machine = definition(assembly, kind)
    name, value, told = machine["StartAt"], EXPORT if kind == "export" else JOB, []
    for _ in range(50):
        state = machine["States"][name]
        match state["Type"]:
            case "Choice":
                chosen = [c["Next"] for c in state["Choices"] if evaluated(c["Condition"], {"input": value})]
                name = chosen[0] if chosen else state["Default"]
            case "Task":
                event = evaluated(state["Arguments"]["Payload"], {"input": value})
                told.append(event)
                try:
                    result = {"Payload": step(event)}
                except ValueError as error:
                    [catch] = state["Catch"]
                    told_error = {"Error": "ValueError", "Cause": str(error)}
                    value = evaluated(catch["Output"], {"input": value, "errorOutput": told_error})
                    name = catch["Next"]
                    continue
                if "Output" in state:
                    value = evaluated(state["Output"], {"input": value, "result": result})
                if state.get("End"):
                    return name, told
                name = state["Next"]
            case _:
                return name, told
    raise AssertionError("the export never ends")


def a_step(slices: int, *, fails_at: str = "") -> Step:
    def step(event: dict[str, Any]) -> dict[str, Any] | None:
        if event["step"] == fails_at:
            raise ValueError("disk full")
        match event["step"]:
            case "start":
                return {"done": slices == 0, "written": 0}
            case "write":
                written = event["progress"]["written"] + 1
                return {"done": written == slices, "written": written}
            case _:
                return None

    return step


@pytest.mark.parametrize("slices", [0, 1, 3])
def test_an_export_is_written_slice_by_slice_until_done(assembly: Assembly, slices: int) -> None:
    end, told = walk(assembly, a_step(slices))

    assert end == "Finish"
    assert [event["step"] for event in told] == ["start", *["write"] * slices, "finish"]
    assert all(event.items() >= EXPORT.items() for event in told)
    assert [event["progress"]["written"] for event in told[1:-1]] == list(range(slices))
    assert told[-1]["progress"] == {"done": True, "written": slices}


@pytest.mark.parametrize("fails_at", ["start", "write", "finish"])
def test_a_failure_wakes_the_fail_step_with_the_reason(assembly: Assembly, fails_at: str) -> None:
    end, told = walk(assembly, a_step(2, fails_at=fails_at))

    assert end == "Failed"
    assert definition(assembly)["States"][end]["Type"] == "Fail"
    assert told[-1] == EXPORT | {"step": "fail", "error": {"Error": "ValueError", "Cause": "disk full"}}


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_job_is_run_until_it_is_done(assembly: Assembly, pieces: int) -> None:
    answers = iter([*[{"done": False}] * (pieces - 1), {"done": True}])

    end, told = walk(assembly, lambda _: next(answers), "job")

    assert end == "Done"
    assert definition(assembly, "job")["States"][end]["Type"] == "Succeed"
    assert told == [{"step": "run"} | JOB] * pieces


def test_a_job_that_fails_for_good_says_so(assembly: Assembly) -> None:
    def step(event: dict[str, Any]) -> dict[str, Any]:
        if event["step"] == "run":
            raise ValueError("disk full")
        return {"done": True}

    end, told = walk(assembly, step, "job")

    assert definition(assembly, "job")["States"][end]["Type"] == "Fail"
    assert told[-1] == JOB | {"step": "fail", "error": {"Error": "ValueError", "Cause": "disk full"}}


TASKS = {"export": {"Start", "Write", "Finish", "Fail"}, "job": {"Run", "Fail"}}
kinds = pytest.mark.parametrize("kind", ["export", "job"])


@kinds
def test_every_task_is_retried_with_jitter_and_its_failure_caught(assembly: Assembly, kind: str) -> None:
    tasks = {name: s for name, s in definition(assembly, kind)["States"].items() if s["Type"] == "Task"}

    assert set(tasks) == TASKS[kind]
    for name, task in tasks.items():
        assert all(rule["JitterStrategy"] == "FULL" and rule["MaxAttempts"] > 0 for rule in task["Retry"])
        assert {"Lambda.TooManyRequestsException", "States.TaskFailed"} <= {
            e for r in task["Retry"] for e in r["ErrorEquals"]
        }
        assert name == "Fail" or [catch["ErrorEquals"] for catch in task["Catch"]] == [["States.ALL"]]


@kinds
def test_the_machine_ends_in_time_traces_logs_and_tells_no_data(assembly: Assembly, kind: str) -> None:
    machine = machine_of(assembly, kind)

    assert definition(assembly, kind)["TimeoutSeconds"] == 86_400
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    function = assembly.text(machine["DefinitionSubstitutions"][f"{kind.capitalize()}Steps"])
    assert function.startswith(f"<Functions{kind}steps")
