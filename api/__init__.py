"""How people reach it: the command line, the HTTP service, its pages."""
