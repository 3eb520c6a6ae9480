"""What to make: regressors, demand, mix, resources, allocation, the report, plan metrics."""
