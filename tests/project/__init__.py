"""Tests of what surrounds the portal: the demo, its checks, the locks and the texts for strangers."""
