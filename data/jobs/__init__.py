"""Jobs: long work that is asked for, done one at a time, and kept with its outcome."""
