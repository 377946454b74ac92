"""
The model of a household's liabilities (客户负债): values in, values out.

"Liability" is always what the *client* owes, never the bank's deposits (负债产品). One word per
idea, in code and files; the native term is the one documents print.

==================  ==================  =========================================================
word                term                meaning
==================  ==================  =========================================================
principal           本金                amount lent; in a ledger row, the part of it repaid
balance             剩余本金            principal still owed
instalment          月供/每期还款额     scheduled payment of one period
due                 还款日              day an instalment falls due; ``paid`` is what happened
equal_instalment    等额本息            level payment; interest on the balance
equal_principal     等额本金            level principal share; interest on the balance
interest_only       先息后本            interest each period, principal at maturity
bullet              一次性还本付息      everything at maturity
flat_fee            等本等息            level principal share and a fee on the original principal
lpr                 贷款市场报价利率    loan prime rate, 1Y or 5Y
spread_bp           加点                spread over the index in basis points
reset               重定价              the day a floating contract takes the index anew
all_in_cost         综合融资成本        irr of what was received and paid; basis always named
provident_fund      住房公积金          housing provident fund
prepayment          提前还款            shorten_keep_instalment 缩短年限, lower_instalment 减少月供
arrears             逾期欠款            due and not paid
debt service        偿债支出            scheduled payments of all debts in a span of time
liquidity_tier      流动性层级          0 cash, 1 days, 2 months, 3 not before a sale
==================  ==================  =========================================================

Money that is posted is integer 分 (``Fen``); projections are float 元 and say ``_yuan``. Rates are
fractions per year.
"""
