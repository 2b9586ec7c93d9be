"""Where messages meet the record and the wire: loaders, runners, and the check just before leaving."""
