"""The planner's page: views of a plan and of customers, and how they become HTML."""
