"""What the rows of the language measure with: workflows, expressions, and GitHub's packages in a Node process."""
