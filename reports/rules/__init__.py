"""The dated rules and rates as a person asks for them: ``planner rules``."""
