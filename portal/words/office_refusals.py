"""Sentences for the refusals of the office, as words/refusals.py has them for debtors: what is so, and what to do."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


OFFICE: dict[str, str] = {
    "unknown_preset": N_("There is no such series of reminders. Choose gentle, standard or firm."),
    # Reminders by themselves
    "cadence_is_on": N_("This version is on, or has ended, so it cannot be changed. Begin a draft of the next one."),
    "cadence_is_off": N_("This is switched off already."),
    "cadence_has_mistakes": N_("The steps are not in order yet. Nothing was switched on; what is wrong stands above."),
    "cadence_name_missing": N_("Please give it a name of at most %(longest)s characters."),
    "cadences_many": N_("There are %(most)s series already. Throw one away first."),
    "step_day_wrong": N_("Please enter a whole number of days from %(lowest)s to %(highest)s, such as 9 or -3."),
    "two_on_one_day": N_("Another step stands on this day. Two steps on one day would be two letters at once; choose "
                         "another day."),
    "many_steps": N_("More than %(most)s steps are more than anybody answers to. Take one out first."),
    "own_day_wrong": N_("Please choose a day from today on, at most two years ahead."),
    "own_days_many": N_("There are %(most)s days of your own already. Remove one first."),
    "safe_mode_already": N_("Somebody has switched safe mode meanwhile. Look at it again."),
    "call_is_done": N_("Somebody has dealt with this call already."),
    "role_may_not": N_("Your role does not include this. Ask an owner, or a manager, to do it or to change your role."),
    "prove_first": N_("Before this, please show again that it is you: enter a fresh code from your authenticator app."),
    # What a second person decides
    "reason_missing": N_("Please choose a reason; “other” needs a few words of yours."),
    "note_too_long": N_("At most %(longest)s characters fit here."),
    "approval_waiting": N_("This waits for a second person already. Decide there, or take it back first."),
    "approval_decided": N_("This has been decided already. Nothing was done twice."),
    "approval_own": N_("You asked for this yourself, so another person has to decide. You can take it back."),
    "approval_not_yours": N_("Only the person who asked for this can take it back."),
    "approval_expired": N_("This was asked too long ago. If it is still right, it has to be asked for anew."),
    "approval_changed": N_("What is left of the invoice has changed since this was asked: it is %(left)s now. Nothing "
                           "was done; it has to be asked for anew."),
    "sum_changed": N_("The sum has changed since you looked: %(left)s is left now. Nothing was done; look again."),
    "reconciliation_under_way": N_("A comparison of this account is under way already. Let it end, or try again in "
                                   "five minutes."),
    # Bank statements
    "bank_file_ended": N_("This file is no longer here: it was taken in, or kept for more than two hours. Send "
                          "it again."),
    "bank_columns_missing": N_("A column for the day and one for the amount are needed."),
    "bank_days_to_come": N_("Some days in this file are still to come. Choose the order of day and month below."),
    "bank_line_decided": N_("Somebody has dealt with this line already. Nothing was done twice."),
    "bank_line_waits": N_("There is nothing to take back: this line waits for an answer."),
    "bank_line_other": N_("This is tied to another line of the bank already, or its sum is another one."),
    "period_missing": N_("Choose from which day to which."),
    "period_backwards": N_("The first day lies after the last. Please turn them around."),
    "note_needs_debtor": N_("This entry belongs to no debtor, so own words cannot be kept with it. Choose one of the "
                            "reasons."),
    "unknown_debtor_here": N_("There is no debtor with this number."),
    # Set-up
    "setting_missing": N_("Please enter something here."),
    "number_out_of_bounds": N_("Please enter a whole number from %(lowest)s to %(highest)s."),
    "percent_malformed": N_("Please enter a percentage from 0 to %(highest)s with at most two decimals, such as 1.5."),
    "bank_line_malformed": N_("Each line needs a label, a colon and a value, such as “Account number: 0044 1187”."),
    "bank_lines_many": N_("At most %(most_lines)s lines fit here."),
    "transfer_without_bank": N_(
        "“Offer bank transfer” and empty “Bank details” contradict each other: nobody would know where to send the "
        "money. Fill in the details, or do not offer transfers."),
    "pay_only_outlives": N_(
        "“Days a link to pay only works” and “Days a link in an email works” contradict each other: the link that was "
        "handed on would outlive the one it came from."),
    "always_quiet": N_("“No reminders from this hour” and “Until this hour” contradict each other: together they leave "
                       "fewer than four hours of the day."),
    "never_quiet": N_("“No reminders from this hour” and “Until this hour” contradict each other: between the same two "
                      "hours lies no quiet time, so reminders would leave in the middle of the night."),
    "owner_only": N_("Only an owner may change this. Nothing was changed."),
    "stripe_account_unknown": N_("Stripe does not know this account, or does not let this installation use it."),
    "stripe_no_answer": N_("Stripe does not answer at the moment. Nothing was changed; please try again."),
    "setup_changed": N_("Somebody changed the set-up while you were looking. Nothing was changed; please look again."),
    "name_differs": N_("That is not the name of the business. Type it as it stands here: %(name)s."),
    "paused_already": N_("All reminders are paused already."),
    "not_paused": N_("Reminders are not paused."),
    "law_or_own_rule": N_("Choose the law or rules of your own, not both: set the fee and the interest to 0."),
    "law_other_currency": N_("This law needs invoices in %(currency)s, and yours are in another currency."),
    "fees_without_rule": N_("This is switched on, but nothing would be added: set a fee, interest or a law."),
    "rate_line_malformed": N_("Each line needs the first day of a half-year, a colon and a rate: “2026-01-01: 2.15”. "
                              "At most 40 lines fit here."),
    # Letters
    "no_letters": N_("No letter waits for the printer."),
    "letters_dropped": N_("Nothing is left to print: what waited was paid, is on hold or may not be sent any more. "
                          "Each letter tells why."),
    "letter_printed": N_("This letter was printed already."),
    "letter_has_no_address": N_("There is no postal address on file. Add it to their contact first."),
    "letter_nothing_open": N_("Nothing is open on these invoices. A letter that confirms the payment is right."),
    "letter_still_open": N_("Something is still open on these invoices, so they are not paid in full."),
    # Handing over
    "hand_over_words_missing": N_("Please say who takes it over and how the debtor reaches them: their page shows it."),
    "hand_over_nothing_open": N_("Nothing is open on %(number)s any more, so it cannot be handed over."),
    "hand_over_stands": N_("%(number)s is handed over already. Take it back there first."),
    "hand_over_on_its_way": N_("A payment for %(number)s is on its way. Wait until it has arrived or come back."),
    "hand_over_ended": N_("This has ended. Hand the invoices over anew if they are to go there again."),
    "hand_over_still_open": N_("Something is still open on these invoices. Record the money that came in, or write the "
                               "rest off; then it is recovered."),
    # Imports
    "file_missing": N_("Please choose a file first; an empty one has nothing to take in."),
    "finding_answered": N_("Somebody has answered this already."),
    "import_has_errors": N_("This file cannot be taken in as it is. Look at what is wrong with it first."),
    "import_under_way": N_("A file of this business is being worked on. Please try again when it is done."),
    "due_before_issue": N_("The new due date lies before the day the invoice was issued."),
    "import_file_ended": N_("The file of this check is no longer here: it is kept for two hours, for the person who "
                            "sent it. Please send it again; nothing was taken in."),
    "reading_unknown": N_("Please choose one of the ways of reading offered."),
    # Access
    "sign_in_wrong": N_("This email and this password do not belong together. Look at both, or choose a new password."),
    "sign_in_wait": N_("Too many tries. Wait %(minutes)s minutes and try again."),
    "office_code_empty": N_("Please enter the six digits your authenticator app shows."),
    "office_code_wrong": N_("That code is not right. Enter the one your app shows now."),
    "office_code_used": N_("That code has already been used. Wait for the next one; it changes every 30 seconds."),
    "recovery_code_wrong": N_("That is none of your recovery codes, or it was used already. Each works once."),
    "proof_empty": N_("Please enter the code your authenticator app shows."),
    "proof_wrong": N_("That code is not right, or it was used already. Wait for the next one; nothing was done."),
    "offer_ended": N_("This set-up has ended. Start it again and use the new code."),
    "second_factor_there": N_("Your second factor is set up already. Sign in with it."),
    "old_password_wrong": N_("That is not your present password."),
    "password_short": N_("Use at least %(characters)s characters; a few words in a row are easy to remember."),
    "password_long": N_("Use at most %(characters)s characters."),
    "password_common": N_("Many people use this one, so it is tried first. Choose something of your own."),
    "password_own": N_("Your name, your email or the name of your business is guessed first. Choose something else."),
    "password_differs": N_("The two passwords are not the same."),
    "password_link_ended": N_("This link has ended. It works for thirty minutes and once; ask for a new one."),
    "invitation_ended": N_("This invitation has ended. Ask whoever invited you for a new one."),
    "account_exists": N_("There is an account with this address already. Sign in, and you find the invitation there."),
    "name_missing": N_("Please enter a name of at most %(most)s characters."),
    "staff_email_malformed": N_("Please enter one email address, such as name@example.com."),
    "role_unknown": N_("Please choose one of the roles."),
    "last_owner": N_("Somebody must own the business: make another person an owner first."),
    "second_factor_of_others": N_(
        "This person works for another business, too, which you do not own, and the second factor guards both. Ask "
        "whoever runs this installation: flask --app wsgi reset-second-factor EMAIL."),
    "not_for_yourself": N_("You cannot do this to yourself. Use your own account, or ask another owner."),
    "works_here_already": N_("This person works here already. You can change their role instead."),
    "unknown_staff": N_("There is nobody with this email address."),
    "email_needs_business": N_("An email is sent in the name of a business. Name one, or print the link."),
    "theme_unknown": N_("Please choose one of the colors offered."),
    # A debtor's page
    "debtor_erased": N_("Their personal data was erased, so this cannot be done any more."),
    "form_without_id": N_("This form did not reach us whole. Please load the page again and send it once more."),
    "form_used_elsewhere": N_("This form was sent for another debtor already. Please load the page again."),
    "note_empty": N_("Please write something, or choose what came of the call."),
    "unknown_result": N_("Please choose one of the results."),
    "promise_needs_day": N_("A promise needs its day: when do they want to pay?"),
    "promise_day_wrong": N_("Please choose a day from today on, at most %(days)s days ahead. Further away is a plan."),
    "hold_empty": N_("Please choose what is to rest: reminders, fees, or both."),
    "hold_day_wrong": N_("Please choose a day from today on, at most a year ahead."),
    "hold_has_cause": N_("This hold ends with what caused it, and not by hand."),
    "unknown_reason": N_("Please choose one of the reasons."),
    "no_phone": N_("There is no phone number on file. A code is only read out to a number you have called yourself."),
    "unknown_channel": N_("Please choose how the money came."),
    "day_to_come": N_("That day is still to come. When did it happen?"),
    "nothing_billed": N_("Nothing was ever billed to them in this currency, so it has nothing to stand against."),
    "payment_looks_recorded": N_("This looks recorded already, as %(number)s: the same amount, reference and day. If "
                                 "it is another payment, say so below."),
    "claim_looks_recorded": N_("This looks recorded already, as %(number)s: the same amount, reference and day. Choose "
                               "it above. If it is another payment, record it on the debtor’s page."),
    "no_credit_to_use": N_("No credit is free to use, or nothing is open that it could pay."),
    "credit_above_invoice": N_("At most %(most)s of this invoice can still be credited."),
    "credit_above_billed": N_("At most %(most)s more can be given: together no more than they were ever billed."),
    "above_one_person": N_("This is above the limit of one person. Give less, or write the invoice off or send a "
                           "refund: there a second person decides."),
    "day_too_old": N_("That day lies before %(oldest)s. Please look at the year."),
    "payment_above_billed": N_("This is more than %(times)s times all that was ever billed to them, so at most "
                               "%(most)s can be recorded at once. Please look at the amount."),
    "text_too_long": N_("At most %(longest)s characters fit here."),
    "name_empty": N_("Please enter a name."),
    "phone_malformed": N_("That is no phone number. Please write it with digits, such as +1 503 555 0142."),
    "email_expected": N_("Please enter one email address, such as name@example.com."),
    "choice_unknown": N_("Please choose one of those offered."),
    "fact_not_on_file": N_("This is not on file, so nobody could pass the check. Enter it, or choose the code."),
    "address_blocked": N_("The reader of this address told us that they are someone else, so it cannot be used."),
    "changed_meanwhile": N_("Somebody changed this while you were editing. Nothing of yours was saved yet."),
    "said_by_missing": N_("Please say how they told you."),
    "terms_days_wrong": N_("Please enter a number of days from 0 to %(days)s."),
    "legal_claims_hold": N_("Their data is still needed for legal claims: money is open, held or on its way."),
    "recent_money": N_("A payment of theirs can still be taken back by the bank. Say that you erase all the same."),
    # Questions and requests
    "words_missing": N_("Please write something first."),
    "words_too_long": N_("That is too long: %(length)s characters, and at most %(longest)s can be kept."),
    "number_malformed": N_("That does not look like a phone number. Please write it with its area code."),
    "number_missing": N_("We have no phone number of yours. Please tell us one."),
    "questions_wait": N_("%(count)s of your questions wait for an answer already. Please add to one of those, or call "
                         "us."),
    "answer_first": N_("We have not answered your last words yet. Please wait for us, or call us."),
    "question_closed": N_("A colleague closed this in the meantime. Nothing was sent; your words are still here."),
    "question_moved_on": N_("Something new was said here in the meantime. Nothing was sent. Read it, then send your "
                            "words again; they are still here."),
    "queue_solved": N_("A colleague has dealt with this in the meantime. Nothing was done twice."),
    "unknown_act": N_("Please choose one of the answers offered."),
    "later_day_wrong": N_("Please choose a day after today, at most %(days)s days away."),
    "words_unsent": N_("You have written something. Send it as an answer or a note, or empty the field first."),
    "nothing_picked": N_("Please choose an invoice first."),
    "suspense_going_back": N_("This money is on its way back to the sender. It cannot be applied any more."),
    "suspense_refund_refused": N_("Stripe did not take this refund. Nothing was sent; look at the payment in Stripe."),
    # Lists
    "list_edge": N_("This address does not lead to a page of this list. Begin at its first page."),
    "list_day": N_("Please write days as year, month and day, such as 2026-11-23."),
    "list_search_long": N_("At most %(longest)s characters can be searched for."),
    "list_search_signs": N_("There are signs in the search that no name or number has."),
    "list_order": N_("The list cannot be sorted like this."),
    "list_value": N_("A filter in this address asks for something that does not exist. Choose one of those offered."),
    "list_search_wide": N_("Far more begins like this than can be looked through. Type more letters, or one more "
                           "word."),
    "list_too_many": N_("At most %(rows)s rows can be taken at once. Narrow the list, then do it again for the rest."),
    "nothing_chosen_rows": N_("Please pick at least one row first."),
    "export_too_many": N_("At most %(rows)s rows fit into one file. Narrow the list, and take out the rest after."),
    "unknown_format": N_("Please choose one of the file formats offered."),
    "refund_moved_on": N_("A refund of this payment was made or asked for since you looked: %(left)s can go back now. "
                          "Nothing was sent; look again."),
    "person_unknown": N_("Please choose somebody who works here."),
    "share_or_amount": N_("Give either a percentage or an amount, not both and not neither."),
    # A business's own words
    "unknown_placeholder": N_("We do not know %(unknown)s. Known are: %(known)s."),
    "lone_brace": N_("A brace stands alone here. Braces are only for these: %(known)s."),
    "words_threaten": N_("“%(found)s” threatens. Say plainly what happens and on which day, and nothing more."),
    "subject_tells": N_("“%(found)s” would tell a bystander of money owed. Say it in the text, not in the subject."),
    "subject_placeholder": N_("%(found)s in a subject would tell a bystander of money owed. Use it in the text."),
    "subject_lines": N_("A subject is one line."),
    "text_signs": N_("There are signs in this text that no letter has."),
    "nothing_to_remind": N_("There is nothing to remind %(name)s of right now. Choose somebody else to see the words."),
    "words_moved": N_("Somebody changed these words meanwhile. What you typed still stands here, nothing was kept "
                      "yet."),
    "step_is_gone": N_("This step is not part of your reminders any more. Nothing was kept."),
}
