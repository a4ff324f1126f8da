"""Memory is used again exactly when nobody refers to it."""

import copy
import pickle

import torch

from autosample.kernels.buffers import Buffers

LIKE = torch.zeros(3, 2)


def test_used_again_once_unused():
    buffers = Buffers()
    first = buffers.empty(LIKE)
    place = first.data_ptr()
    assert buffers.empty(LIKE).data_ptr() != place
    del first
    assert buffers.empty(LIKE).data_ptr() == place


def test_a_part_or_an_array_of_it_keeps_the_memory():
    for keep in (
        lambda table: table[1:],
        lambda table: table.detach(),
        lambda table: table.numpy(),
    ):
        buffers = Buffers()
        kept = keep(buffers.empty(LIKE))
        kept[:] = 7
        buffers.empty(LIKE).zero_()
        assert (kept == 7).all()


def test_shapes_are_apart():
    buffers = Buffers()
    place = buffers.empty(LIKE).data_ptr()
    assert buffers.empty(LIKE, 2, 3, 2).shape == (2, 3, 2)
    assert buffers.empty(LIKE).data_ptr() == place


def test_other_types_are_torchs_own():
    buffers = Buffers()
    assert buffers.empty(LIKE.double()).dtype == torch.float64
    assert buffers.empty(torch.empty(3, 2, device="meta")).device.type == "meta"


def test_a_copy_has_memory_of_its_own():
    buffers = Buffers()
    place = buffers.empty(LIKE).data_ptr()
    other = copy.deepcopy(buffers).empty(LIKE)
    assert other.data_ptr() != place


def test_nothing_is_saved_of_it():
    buffers = Buffers()
    buffers.empty(LIKE, 10**5)
    assert len(pickle.dumps(buffers)) < 200
    assert pickle.loads(pickle.dumps(buffers)).empty(LIKE).shape == LIKE.shape
