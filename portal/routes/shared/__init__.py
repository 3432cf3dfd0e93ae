"""What all doors share: the running portal, guards, headers, forms, error pages. No page of its own but health and brand."""
