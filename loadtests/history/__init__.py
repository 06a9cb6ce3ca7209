"""The history checker: was every promise kept, by the answers that clients received and by the journal.

Every mark is a register of its own, so its history is checked alone, in the order of revisions; the whole is
checked in one pass over the answers and one over the journal. The final state is never asked.
"""
