"""The languages of the pages: catalogues of translated sentences, and how numbers are written."""
