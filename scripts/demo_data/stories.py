"""What has happened to each of the demo's debtors so far, one line for each act."""

from __future__ import annotations

from scripts.demo_data.stage import Stage


def marsh(stage: Stage) -> None:
    """Marsh & Daughter's debtors."""
    # Helen has paid a part in cash; the rest is late and has a fee. Her second invoice has a discount still running.
    stage.money_came("4417", "MG-1187", 200_00, -39, "cash")
    stage.late_fee("MG-1187", 596_50, -9)
    # Ruth is four months late; Daniel has paid two parts by check.
    stage.late_fee("MG-1102", 2_800_00, -106)
    stage.money_came("4412", "MG-1141", 1_000_00, -41, "check")
    stage.money_came("4412", "MG-1141", 750_00, -13, "check")
    stage.opts_out("4425", -20)
    stage.hold("4429", "MG-1163")
    # These have read their reminder and acted on it.
    for number in ("4420", "4422", "4423", "4431"):
        stage.reminded(number)
    # Peter is paid up. Grace's bank is still moving her payment.
    stage.pays("4422", "MG-1166")
    stage.presses(stage.opens_checkout("4420", "MG-1179"), "bank_debit", "processing")
    # Sam's bank took his payment back.
    stage.charges_back(stage.pays("4423", "MG-1158"))
    # Nadia's check arrives while she pays by card: the same invoice twice, so the surplus is her credit.
    twice = stage.opens_checkout("4431", "MG-1190")
    stage.money_came("4431", "MG-1190", 412_75, 0, "check")
    stage.presses(twice, "pay", "succeeded")


def alder(stage: Stage) -> None:
    """Alder Street Dental's debtors; its payments run on its own connected account."""
    stage.pays("2112", "AD-29984")
    stage.reminded("2118")
    # Jonah's bank did not make the debit; Carol says that a transfer is on its way.
    failed = stage.opens_checkout("2115", "AD-30110")
    stage.presses(failed, "bank_debit", "processing")
    stage.debit_fails(failed)
    stage.announces_transfer("2118", "USD")
