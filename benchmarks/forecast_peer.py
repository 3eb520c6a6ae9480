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

SEASONS = (1, 52)
"""No season, and that of a year of weeks, which our default learns as well."""


def main() -> None:
    """Forecast every series with each season, print CPU seconds as JSON."""
    folder, horizon = Path(sys.argv[1]), int(sys.argv[2])
    series = pd.read_csv(folder / "units.csv").to_numpy(float)
    for season in SEASONS:
        model = AutoETS(season_length=season)
        model.forecast(series[0], h=horizon, level=[50, 80, 90])  # compiles
        start = process_time()
        for one in series:
            model.forecast(one, h=horizon, level=[50, 80, 90])
        seconds = process_time() - start
        print(json.dumps({"season": season, "series": len(series), "cpu_seconds": seconds}))


if __name__ == "__main__":
    main()
