"""The words everybody uses: decisions, needs, effects, what comes next. Standard library only."""
