from executor.testing import strategies
from executor.testing.assertions import assert_agrees, assert_deterministic
from executor.testing.committees import Committee
from executor.testing.differences import Difference, first_difference
from executor.testing.functions import function_of_source, program_of
from executor.testing.lies import Lie
from executor.testing.mixtures import varied_worlds
from executor.testing.outages import Outage, strike
from executor.testing.replies import RepliedCapabilities, Reply, World
from executor.testing.replies_file import read_replies
from executor.testing.reports import DoesNotAgree, NotDeterministic
from executor.testing.runs import Trace, traced
from executor.testing.simulate_result import Simulated
from executor.testing.simulating import simulate
from executor.testing.simulator import Scenario, Simulator, scenarios, simulate_scenario
from executor.testing.variants import Variant
from executor.testing.variations import Variation, vary

__all__ = [
    "assert_agrees",
    "assert_deterministic",
    "DoesNotAgree",
    "NotDeterministic",
    "Committee",
    "simulate",
    "Simulated",
    "traced",
    "Trace",
    "first_difference",
    "Difference",
    "Reply",
    "World",
    "RepliedCapabilities",
    "Variation",
    "vary",
    "varied_worlds",
    "read_replies",
    "Scenario",
    "Simulator",
    "simulate_scenario",
    "scenarios",
    "Outage",
    "strike",
    "Lie",
    "Variant",
    "program_of",
    "function_of_source",
    "strategies",
]
