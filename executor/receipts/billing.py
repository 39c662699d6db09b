"""Checking what a request was charged: offline by the formula, and the quote once the chain has told the base fee."""

from __future__ import annotations

from executor.model.billing import Asset, quote, to_token, work
from executor.model.receipt import Bill, Receipt
from executor.receipts.build import terms_of
from executor.receipts.checks import require
from executor.receipts.replay import own_report


def check_bill(receipt: Receipt) -> str:
    """The work is what the attested fuel and slots cost, and nothing of what was reserved is lost.

    Raises VerificationFailed with the difference.
    """
    bill = receipt.bill
    if bill is None:
        return "none is stated"
    require(receipt.delivered is not None, "a charge is stated, and no delivery")
    report, held, charge = own_report(receipt), bill.quote.max_cost, bill.charge
    owed = work(bill.prices, report.fuel_used, report.slots)
    if bill.asset is Asset.TOKEN:
        owed = to_token(owed, bill.prices.token_rate)
    owed = min(owed, held)
    what = f"{report.fuel_used} fuel and {report.slots} slots"
    require(charge.work == owed, f"{what} cost {owed}, the receipt says {charge.work}")
    spent = charge.work + charge.gas_cost + charge.refund
    require(spent == held, f"work, gas and refund are {spent} together, {held} was reserved")
    return f"{what} cost {charge.work}, gas {charge.gas_cost}, {charge.refund} of {held} came back"


def check_quote(receipt: Receipt, bill: Bill, base_fee_wei: int, callback_gas: int) -> str:
    """The quote is what the function's limits can cost at this base fee: of the request's block, or of the push's.

    Raises VerificationFailed with the difference, InvalidReceipt for terms in another form than the hashed one.
    """
    limits, stated = terms_of(receipt).limits, bill.quote.max_cost
    most = quote(bill.prices, bill.asset, limits, callback_gas, base_fee_wei)
    require(most == stated, f"the request could cost {most} at most, the receipt says {stated}")
    return f"{stated} were reserved by version {bill.quote.prices_version} of the prices, and charged as stated"
