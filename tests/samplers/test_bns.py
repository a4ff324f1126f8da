import math

import pytest

from autosample.errors import SettingsError
from autosample.samplers.bns import BNS
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case


def test_least_risk_one_candidate_at_a_time():
    case, batch = (
        Case(BNS(candidates=4, reference=20, alpha=2.0), tiny_views()["flat"]),
        tiny_batch(),
    )
    ids = case.run(batch).ids[:, 0].tolist()
    pool = case.draw(1).pool(batch, case.view, 20)
    counts = tiny_interactions().item_counts
    for b in range(len(batch.users)):
        positive = case.view.scores(batch.users[[b]], batch.positives[[b], None]).item()
        reference = pool.scores[b].tolist()

        def risk(m, reference=reference, positive=positive, b=b):
            score = reference[m]
            info = 1 / (1 + math.exp(positive - score))
            p = counts[pool.ids[b, m]] / counts.sum()
            f = (sum(other <= score for other in reference) - 0.5) / 20
            unbias = (1 - f) * (1 - p) / (1 - f - p + 2 * f * p)
            return info * (1 - (1 + 2.0) * unbias)

        assert ids[b] == pool.ids[b, min(range(4), key=risk)]


def test_one_candidate_is_uniform():
    case, batch = Case(BNS(candidates=1), tiny_views()["flat"]), tiny_batch()
    assert case.run(batch).ids.equal(case.draw(1).unseen(batch, 1))


def test_more_candidates_than_reference_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*candidates must be at most 8"):
        BNS(candidates=9, reference=8)
