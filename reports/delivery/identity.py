"""What a plan is known by wherever it goes: the digest of its files."""

from reports.run.ledger.approvals import PlanKey, plan_digest

__all__ = ["PlanKey", "plan_digest"]
