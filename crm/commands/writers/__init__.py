"""How each record of a deal is written: once, whichever way it comes in (a page, a gate, a sale in one
call).

One file a record: what is said of it as a frozen value, and the function that writes it on a deal
that is locked and open, with its history. The verbs beside this folder lock the deal, judge, and save
it: a writer may set fields of the deal (what it is worth, when it was touched), but never saves it.
"""
