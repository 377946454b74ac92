"""What the household could do with its debts."""
