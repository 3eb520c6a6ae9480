"""flamapy's core and dead features of a model; `benchmarks/configure.py` runs this elsewhere.

python configure_peer.py MODEL.uvl
"""

from __future__ import annotations

import json
import sys
from time import process_time

from flamapy.metamodels.fm_metamodel.transformations import UVLReader
from flamapy.metamodels.pysat_metamodel.operations import PySATCoreFeatures, PySATDeadFeatures
from flamapy.metamodels.pysat_metamodel.transformations import FmToPysat


def main() -> None:
    """Read, compile and judge, print the CPU seconds of each and the features as JSON."""
    began = process_time()
    model = UVLReader(sys.argv[1]).transform()
    read = process_time()
    clauses = FmToPysat(model).transform()
    compiled = process_time()
    core = PySATCoreFeatures().execute(clauses).get_result()
    dead = PySATDeadFeatures().execute(clauses).get_result()
    judged = process_time()
    print(
        json.dumps(
            {
                "read": read - began,
                "compile": compiled - read,
                "judge": judged - compiled,
                "core": sorted(str(one).strip('"') for one in core),
                "dead": sorted(str(one).strip('"') for one in dead),
            }
        )
    )


if __name__ == "__main__":
    main()
