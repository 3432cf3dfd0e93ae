"""The office: pages of staff, over real HTTP and real databases."""
