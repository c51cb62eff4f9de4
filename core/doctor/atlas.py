"""The map of a data set: what the frozen network sees, laid out on a plane, like beside like."""

import numpy as np
import numpy.typing as npt

from core.doctor.looking import Sight

_AXES = 50  # that the features are first reduced to
_CROWD = 30  # images that each is laid out among
_STEPS = (125, 250)  # with all drawn together first, and then let go


def laid_out(sight: Sight) -> npt.NDArray[np.float32]:
    """Places on a plane, [images, 2], in -1 to 1; the same each time."""
    from sklearn.decomposition import PCA

    count, numbers = sight.features.shape
    axes = PCA(min(_AXES, count, numbers), random_state=0, svd_solver="randomized")
    reduced = axes.fit_transform(sight.features)
    if count > 3 * _CROWD:
        from openTSNE import TSNE

        first, then = _STEPS
        made = TSNE(
            perplexity=_CROWD,
            early_exaggeration_iter=first,
            n_iter=then,
            initialization="pca",
            neighbors="exact" if count < 1000 else "annoy",
            n_jobs=1,  # several wait for each other by turning in circles, and round differently
            random_state=0,
        )
        places = np.array(made.fit(reduced))
    else:  # so few lie well as they are
        places = np.pad(reduced, ((0, 0), (0, 2)))[:, :2]
    places = places - places.mean(axis=0)
    flat: npt.NDArray[np.float32] = (places / max(np.abs(places).max(), 1e-9)).astype(np.float32)
    return flat
