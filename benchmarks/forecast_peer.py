"""AutoETS of statsforecast on series of a file; `benchmarks/forecast.py` runs this elsewhere.

python forecast_peer.py FOLDER HORIZON
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from time import process_time

import pandas as pd
from statsforecast.models import AutoETS

warnings.simplefilter("ignore")  # of fits that do not settle


def main() -> None:
    """Forecast every series, print CPU seconds as JSON."""
    folder, horizon = Path(sys.argv[1]), int(sys.argv[2])
    series = pd.read_csv(folder / "units.csv").to_numpy(float)
    AutoETS().forecast(series[0], h=horizon, level=[50, 80, 90])  # compiles
    start = process_time()
    for one in series:
        AutoETS().forecast(one, h=horizon, level=[50, 80, 90])
    print(json.dumps({"series": len(series), "cpu_seconds": process_time() - start}))


if __name__ == "__main__":
    main()
