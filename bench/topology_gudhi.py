"""Times GUDHI on a grid: python topology_gudhi.py FILE.npy WAY [REPEATS]. Prints JSON; NumPy and GUDHI.

Finite H0 pairs with grid points as vertices: '4' neighbours and their n-D like. WAY `complex` is
CubicalComplex, `rectangle` the path for 2-D grids behind CubicalPersistence. Best of the repeats;
processor time, so that a busy machine costs the peers alike.
"""

import json
import sys
import time

import gudhi
import numpy
from gudhi.sklearn.cubical_persistence import CubicalPersistence

values = numpy.load(sys.argv[1])
way = sys.argv[2]
repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 1


def complex_pairs():
    cubical = gudhi.CubicalComplex(vertices=values)
    cubical.compute_persistence(homology_coeff_field=2, min_persistence=0)
    return cubical.persistence_intervals_in_dimension(0)


def rectangle_pairs():
    transform = CubicalPersistence(homology_dimensions=[0], input_type="vertices")
    return transform.fit_transform([values])[0][0]


def best(function):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        pairs = function()
        times.append(1000 * (time.process_time() - start))
    finite = pairs[numpy.isfinite(pairs[:, 1])]
    return {"milliseconds": min(times), "pairs": int((finite[:, 1] > finite[:, 0]).sum())}


print(json.dumps(best({"complex": complex_pairs, "rectangle": rectangle_pairs}[way])))
