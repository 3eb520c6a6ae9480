"""The second stage: learns from past origins how to rank what the first stages propose."""
