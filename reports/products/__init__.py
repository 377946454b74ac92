"""The product catalogue as a person asks for it: ``planner products``."""
