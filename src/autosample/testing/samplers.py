"""What every sampler must do, as a test class to inherit from.

A sampler's author writes::

    class TestMine(SamplerContract):
        def make(self):
            return Mine(pool=4)
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator

import torch

from autosample.errors import SamplerError
from autosample.kernels.draw import Unseen
from autosample.kernels.threads import get_threads, set_threads
from autosample.models.view import TableView
from autosample.samplers import make_sampler, sampler_classes
from autosample.samplers.base import Sampler
from autosample.samplers.draw import Draw
from autosample.testing import fixtures
from autosample.testing.checks import (
    check_form,
    chi_square,
    global_states,
    require,
    same_answer,
)
from autosample.testing.pretend import DEVICE, pretended_device
from autosample.types import Batch, Negatives


class Case:
    """A sampler at work on the tiny interactions with one of the fixed views."""

    def __init__(self, sampler: Sampler, view: TableView) -> None:
        interactions, device = fixtures.tiny_interactions(), view.table.device
        self.sampler, self.view, self.unseen = sampler, view, Unseen(interactions, device)
        sampler.prepare(interactions, dim=fixtures.DIM, n_layers=view.n_layers)
        sampler.to(device)

    def draw(self, epoch: int) -> Draw:
        """The draws of one of four planned epochs."""
        return Draw(self.unseen, seed=3, epoch=epoch, epochs=4)

    def run(self, batch: Batch, *, first: int = 0, epochs: int = 2) -> Negatives:
        """Sample the batch once in each epoch; the last answer."""
        for epoch in range(first, first + epochs):
            self.sampler.begin_epoch(self.view, self.draw(epoch))
            answer = self.sampler.sample(batch, self.view, self.draw(epoch))
        return answer


class SamplerContract:
    """Inherit, define :meth:`make`, and pytest runs every ``test_`` method."""

    def make(self) -> Sampler:
        """A new sampler."""
        raise NotImplementedError

    def cases(self) -> Iterator[Case]:
        """A newly prepared sampler for each fixed view."""
        for view in fixtures.tiny_views().values():
            yield Case(self.make(), view)

    def test_shapes_and_types(self) -> None:
        """Tensors have the shapes, types and ranges that ``Negatives`` states."""
        batch = fixtures.tiny_batch()
        for case in self.cases():
            answer = case.run(batch)
            check_form(answer, batch, case.view.n_layers)
            require(
                answer.synthetic == (case.sampler.kind == "instance"),
                "kind must be 'instance' exactly if vectors or a blend are returned",
            )

    def test_never_a_training_item(self) -> None:
        """No id is a training item of its user; where one unseen item is left, it is drawn."""
        batch = fixtures.tiny_batch(repeat=8)
        for case in self.cases():
            if not case.sampler.exact:
                continue
            ids = case.run(batch).ids
            seen = case.draw(0).seen(batch.users, ids)
            require(not bool(seen.any()), f"training items among negatives: {ids[seen][:5]}")
            last = ids[batch.users == fixtures.ONE_LEFT_USER]
            require(bool((last == fixtures.LAST_ITEM).all()), "one unseen item, not returned")

    def test_user_with_all_items_is_refused(self) -> None:
        """A user without unseen items is named in an AS301, and the call returns."""
        batch = fixtures.tiny_batch(users=(1, fixtures.FULL_USER))
        for case in self.cases():
            try:
                case.run(batch)
            except SamplerError as error:
                require(error.code == "AS301", f"{error.code} instead of AS301")
                require(str(fixtures.FULL_USER) in error.examples, "the user is not named")
            else:
                require(not case.sampler.exact, "a user with every item was given negatives")

    def test_same_key_same_answer(self) -> None:
        """Two samplers with the same settings agree; no global random state is read or moved."""
        batch = fixtures.tiny_batch()
        for first, second in zip(self.cases(), self.cases(), strict=True):
            before = global_states()
            answer = first.run(batch)
            require(before == global_states(), "a global random state has moved")
            torch.rand(1)  # whatever the global states, the same answer
            require(same_answer(answer, second.run(batch)), "same key, different answers")

    def test_inputs_are_left_alone(self) -> None:
        """Neither the batch nor the model's tables change."""
        batch = fixtures.tiny_batch()
        kept = Batch(*(part.clone() for part in batch))
        for case in self.cases():
            table = case.view.table.clone()
            case.run(batch)
            require(torch.equal(table, case.view.table), "the view's table was changed")
            same = all(map(torch.equal, batch, kept))
            require(same, "the batch was changed")

    def test_batches_of_one(self) -> None:
        """A batch of one positive gives shapes with B = 1."""
        batch = fixtures.tiny_batch().take(torch.tensor([4]))
        for case in self.cases():
            check_form(case.run(batch), batch, case.view.n_layers)

    def test_independent_of_the_cut(self) -> None:
        """A positive's negatives do not depend on the rest of its batch."""
        batch = fixtures.tiny_batch()
        for case in self.cases():
            if case.sampler.whole_batch:
                continue
            case.run(batch)
            draw = case.draw(1)
            whole = case.sampler.sample(batch, case.view, draw).ids
            backwards = torch.arange(len(whole)).flip(0)
            parts = [batch.take(rows) for rows in torch.split(backwards, 7)]
            ids = torch.cat([case.sampler.sample(part, case.view, draw).ids for part in parts])
            require(torch.equal(whole.flip(0), ids), "negatives depend on how batches are cut")

    def test_independent_of_threads(self) -> None:
        """One thread and two threads agree."""
        batch, threads = fixtures.tiny_batch(repeat=12), get_threads()
        try:
            for one, two in zip(self.cases(), self.cases(), strict=True):
                set_threads(1)
                answer = one.run(batch)
                set_threads(2)
                require(
                    same_answer(answer, two.run(batch)), "answers depend on the number of threads"
                )
        finally:
            set_threads(threads)

    def test_runs_on_another_device(self) -> None:
        """On a pretended GPU no tensor is made or read on the CPU, and the form is the same.

        The sampler is moved there after ``prepare``; what it makes later must be made on
        ``batch.users.device``, or ``draw.device`` before an epoch.
        """
        with pretended_device():
            batch = fixtures.tiny_batch().to(DEVICE)
            for view in fixtures.tiny_views(device=DEVICE).values():
                answer = Case(self.make(), view).run(batch)
                require(answer.ids.device == DEVICE, f"ids are on {answer.ids.device}")
                check_form(answer, batch, view.n_layers)

    def test_state_survives(self) -> None:
        """A newly prepared sampler that loads the state goes on as the first would have."""
        batch = fixtures.tiny_batch()
        for first, second in zip(self.cases(), self.cases(), strict=True):
            first.run(batch)
            second.sampler.load_state_dict(copy.deepcopy(first.sampler.state_dict()))
            ahead = first.run(batch, first=2, epochs=1)
            require(same_answer(ahead, second.run(batch, first=2, epochs=1)), "state was lost")

    def test_distribution_is_the_declared_one(self) -> None:
        """Chi-square of the draws against ``probability``, where it is declared."""
        rows = 3000
        for case in self.cases():
            case.run(fixtures.tiny_batch())
            some = torch.tensor([0, 15, 25, 35, 36, 40, 45])
            batch = fixtures.tiny_batch().take(some)
            chance = case.sampler.probability(batch, case.view, case.draw(1))
            if chance is None:
                return
            many = Batch(*(part.repeat_interleave(rows) for part in batch))
            many = many._replace(index=torch.arange(len(many.index)))
            answer = case.sampler.sample(many, case.view, case.draw(1))
            ids = answer.ids.reshape(len(some), -1)
            for row, expected in zip(ids, chance, strict=True):
                value = chi_square(row, expected)
                require(value > 1e-4, f"not the declared distribution: p = {value:.2g}")
            if answer.log_q is not None:
                expected = chance.repeat_interleave(rows, dim=0).gather(1, answer.ids).log()
                same = torch.allclose(answer.log_q.double(), expected, atol=1e-5)
                require(same, "log_q is not the log of probability")

    def test_harder_is_harder(self) -> None:
        """Sixteen times the declared hardness gives negatives that score higher on average."""
        batch = fixtures.tiny_batch(repeat=20, users=(0, 1, 2, 3, 4, 5))
        easy, hard = self.make().scaled(0.25), self.make().scaled(4)
        if not self.make().needs & {"scores", "layers"} or easy is None or hard is None:
            return
        for view in fixtures.tiny_views().values():
            means = []
            for sampler in (easy, hard):
                answer = Case(sampler, view).run(batch)
                scores = view.scores(batch.users, answer.ids)
                weights = torch.ones(scores.shape) if answer.weights is None else answer.weights
                means.append(float((scores * weights).sum() / weights.sum()))
            require(means[0] < means[1], f"mean scores {means} do not rise with hardness")

    def test_settings(self) -> None:
        """Settings are keyword-only, stored unchanged, and the label brings them back."""
        sampler = self.make()
        parameters = list(inspect.signature(type(sampler).__init__).parameters.values())[1:]
        keyword_only = all(p.kind is p.KEYWORD_ONLY for p in parameters)
        require(keyword_only, "settings must be keyword-only")
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        one = sampler.with_settings(**defaults)
        same = all(one.settings[name] == value for name, value in defaults.items())
        require(same, "settings are not stored unchanged")
        unknown = ", ".join(sampler.remembers.keys() - sampler.settings.keys())
        require(not unknown, f"remembers goes by settings, and there is no {unknown}")
        if sampler.name in sampler_classes():
            parsed = make_sampler(sampler.label)
            require(parsed.settings == sampler.settings, f"{sampler.label} reads differently")

    def test_docstring(self) -> None:
        """The class states its source, arguments, shapes and cost."""
        text = inspect.getdoc(type(self.make())) or ""
        parts = {"Shapes:": "Shapes:", "Cost:": "Cost:", "a source with its year": r"(19|20)\d\d"}
        if self.make().settings:
            parts["Args:"] = "Args:"
        for what, pattern in parts.items():
            require(re.search(pattern, text) is not None, f"the docstring lacks {what}")


def check_sampler(factory: Callable[[], Sampler]) -> None:
    """Run the whole contract on the samplers that ``factory`` makes, a class or a function.

    Raises:
        AssertionError: At the first clause that is broken.
    """
    made = isinstance(factory, Sampler)  # which can be called as well, being a module
    require(not made, "give the class, or a function that makes samplers, not one that is made")
    contract = SamplerContract()
    contract.make = factory  # type: ignore[method-assign]
    for name in dir(contract):
        if name.startswith("test_"):
            getattr(contract, name)()
