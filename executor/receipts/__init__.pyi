from executor.receipts.build import build_receipt, function_of, keeps_replies
from executor.receipts.checks import Check, all_passed
from executor.receipts.files import read_receipt, write_receipt
from executor.receipts.loader import Loader
from executor.receipts.modules import engine_for, known_modules
from executor.receipts.receipt import Receipt, Verdict
from executor.receipts.verify import verify_receipt

__all__ = [
    "Receipt",
    "Verdict",
    "Check",
    "Loader",
    "all_passed",
    "build_receipt",
    "engine_for",
    "function_of",
    "keeps_replies",
    "known_modules",
    "read_receipt",
    "verify_receipt",
    "write_receipt",
]
