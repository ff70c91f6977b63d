-- Contributors to the knowledge base as Kitsune counts them: creators of revisions and their
-- reviewers. The public list shows no reviews, so that half of them would be missing.

{{ never_told('not_offered') }}
