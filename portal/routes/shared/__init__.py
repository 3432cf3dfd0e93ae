"""What all doors share: guards, headers, forms, error pages, and the two small doors for brand files and health."""
