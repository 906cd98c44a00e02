from enum import StrEnum


class JobFunction(StrEnum):
    DRIFT_SLOPE = "drift_slope"
    GAP_RATE = "gap_rate"
    MEAN_BIAS = "mean_bias"
    PEARSON_CORRELATION = "pearson_correlation"
    RMSE = "rmse"
    STUCK_VALUE = "stuck_value"
    THRESHOLD_EXCEEDANCE = "threshold_exceedance"

    def __str__(self) -> str:
        return str(self.value)
