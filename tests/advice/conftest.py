"""Advice is tried on the same painted pictures and the same tiny network as training."""

from tests.training.conftest import painted, tiny, warm_folder, warm_home

__all__ = ["painted", "tiny", "warm_folder", "warm_home"]
