"""The pretended device must fail where a real one would, and compute as the CPU does."""

import pytest
import torch

from autosample.testing import pretended_device
from autosample.testing.pretend import DEVICE

ROWS = torch.arange(6.0).reshape(2, 3)

MIXING = {
    "sum": lambda there, here: there + here,
    "product": lambda there, here: there @ here.T,
    "concatenation": lambda there, here: torch.cat([there, here]),
    "lookup there": lambda there, here: there[here[0].long() % 2],
    "lookup here": lambda there, here: here[there[0].long() % 2],
    "assignment": lambda there, here: there.__setitem__((here[0].long() % 2,), 1.0),
    "index_add": lambda there, here: there.index_add_(0, here[0].long() % 2, here),
    "search": lambda there, here: torch.searchsorted(here[0], there),
    "made here": lambda there, here: there * torch.ones(2, 3),
    "gradient": lambda there, here: (there.requires_grad_() * there.detach()).backward(here),
}


@pytest.mark.parametrize("mix", MIXING.values(), ids=MIXING)
def test_mixing_devices_is_an_error(mix) -> None:
    with pretended_device(), pytest.raises(RuntimeError, match=r"cuda:0 meets the CPU|device"):
        mix(ROWS.to(DEVICE), ROWS)


def test_numpy_is_refused() -> None:
    with pretended_device(), pytest.raises(TypeError, match="no numpy array"):
        ROWS.to(DEVICE).numpy()


def test_what_is_made_there_is_there_and_has_the_values() -> None:
    with pretended_device():
        there = torch.arange(6.0, device=DEVICE).reshape(2, 3)
        made = [
            there,
            there.new_zeros(2),
            torch.zeros_like(there),
            torch.tensor([1], device=DEVICE),
        ]
        assert {tensor.device for tensor in (*made, there[0], there.T)} == {DEVICE}
        there[torch.tensor([1], device=there.device)] += 1
        assert there.tolist() == [[0, 1, 2], [4, 5, 6]]
        assert torch.equal(there.cpu(), torch.tensor([[0.0, 1, 2], [4, 5, 6]]))
    assert not torch.cuda.is_available() or torch.cuda.get_device_name(0) != "pretended"


def test_gradients_and_adam_are_those_of_the_cpu() -> None:
    def trained(device) -> torch.Tensor:
        layer = torch.nn.Linear(3, 2)
        layer.load_state_dict({"weight": ROWS / 10, "bias": torch.zeros(2)})
        layer.to(device)
        adam = torch.optim.Adam(layer.parameters(), lr=0.1, fused=True)
        for _ in range(3):
            adam.zero_grad()
            (layer(ROWS.to(device)) ** 2).sum().backward()
            adam.step()
        assert layer.weight.grad.device == torch.device(device)
        return layer.weight.detach().cpu()

    with pretended_device():
        assert torch.equal(trained("cpu"), trained(DEVICE))


def test_traffic_is_counted() -> None:
    with pretended_device() as traffic:
        there = ROWS.to(DEVICE)
        there.sum().item()
        there.cpu()
        there.copy_(ROWS)
        torch.empty(2, 3).copy_(there)
    assert traffic.up == [24, 24]
    assert traffic.down == [4, 24, 24]
