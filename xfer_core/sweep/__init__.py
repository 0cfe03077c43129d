"""Several strategies on one corpus, compared fairly, and what to make of them."""
