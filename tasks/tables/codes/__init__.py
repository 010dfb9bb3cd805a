"""What each code of a finding stands for, in a module for each part that finds something."""
