"""Jobs: what they are asked with, the process that does one, and who starts that."""
