"""What each code of a finding stands for, a module for each that finds. `finding_codes.py` joins them."""
