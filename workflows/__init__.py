"""The workflow language and its rules: pure Python, without Django, network or clock."""
