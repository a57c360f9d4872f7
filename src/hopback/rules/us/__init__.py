"""The United States: 47 CFR part 64 for the clock of a traceback, 5 U.S.C. 6103 for its holidays."""
