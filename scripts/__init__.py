"""What is done around the portal: the demo, the environment, checks, screenshots. Never imported by the portal."""
