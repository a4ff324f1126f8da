"""Imports the library, makes a model of some hundred rows and trains one batch."""

from __future__ import annotations

import sys

import numpy as np

from autosample.data.interactions import Interactions
from autosample.models import MODELS
from autosample.samplers import make_sampler
from autosample.train import Learner

numbers = np.random.default_rng(0)
pairs = numbers.integers(300, size=(2, 2000))
interactions = Interactions.from_pairs(*pairs, 300, 300)
learner = Learner(MODELS[sys.argv[1]](interactions), interactions, batch_size=4096)
learner.run_epoch(make_sampler(sys.argv[2]))
