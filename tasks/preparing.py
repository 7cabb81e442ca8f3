"""Make ready what every agent of a run shares: the sandbox, the environment, the tests on the base commit."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain.counting import count
from fresh.domain.record import RunRecord
from fresh.wiring import toolbox
from tasks.assigning import demand_issues
from tasks.durable import narrate
from tasks.learning import read_quietly


@task(name="prepare", cache_policy=NO_CACHE)
def prepare(record: RunRecord) -> tuple[str, ...]:
    """Prove the sandbox, build the environment and run the base commit's tests once; return what people should know.

    Raises SandboxUnavailable, Refusal when the tests can't be run at all or nothing could be published.
    """
    tools = toolbox(Path(record.repository))
    demand_issues(tools, record)
    tools.sandbox.sweep()
    contained = tools.sandbox.probe()
    where = tools.forge.ready(record.base)
    for note in (contained, *where):
        narrate(tools, record.id, note)
    heard = read_quietly(tools)
    if heard is not None:
        narrate(tools, record.id, heard)
    # Minutes can pass until the next line, on the first run or a slow network.
    narrate(tools, record.id, f"Preparing an environment for {record.base[:10]}, and running its tests once.")
    found = tools.prover.ready(record.order, record.base)
    for note in found:
        narrate(tools, record.id, note)
    return (contained, *where, *found, *((heard,) if heard else ()))


@task(name="survey", cache_policy=NO_CACHE)
def survey(record: RunRecord) -> dict[str, int]:
    """Take the inventory of the base commit; return how many features are in each state."""
    tools = toolbox(Path(record.repository))
    inventory = tools.survey(record.base)
    counts: dict[str, int] = {}
    for feature in inventory.features:
        counts[feature.reachability.value] = counts.get(feature.reachability.value, 0) + 1
    narrate(
        tools,
        record.id,
        f"Inventory of {record.base[:10]}: {count(len(inventory.features), 'feature')} in {count(inventory.files, 'file')}, "
        + (", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nothing found")
        + (f"; {count(len(inventory.unparsed), 'file')} could not be read" if inventory.unparsed else ""),
    )
    return counts
