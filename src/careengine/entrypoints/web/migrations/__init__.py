"""Tables of the pages: saved views, who looks at what, links."""
