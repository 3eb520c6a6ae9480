"""Pages for people: each one HTML document, its style and script inside, no other source."""
